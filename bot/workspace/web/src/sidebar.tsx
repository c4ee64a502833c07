import { useState, type ReactNode } from 'react';
import type { Channel } from './protocol';
import { Avatar } from './avatar';
import { Caret, CaretRight, Hash, Lock } from './icons';
import { usePage } from './page';
import { unread } from './store';

export function Sidebar({ onPick }: { onPick(): void }) {
  const page = usePage();
  const { state } = page.store;
  if (!state) return <nav className="sidebar" aria-label="Channels" />;
  const isBot = (c: Channel) => c.kind === 'im' && c.user === state.bot.user_id;
  const mine = state.channels.filter((c) => c.kind !== 'im' && c.member);
  const others = state.channels.filter((c) => c.kind !== 'im' && !c.member);
  const people = state.channels.filter((c) => c.kind === 'im' && !isBot(c));
  const apps = state.channels.filter(isBot);
  const row = (c: Channel) => <Row key={c.id} channel={c} onPick={onPick} />;
  return (
    <nav className="sidebar" aria-label="Channels and conversations" data-qa="sidebar">
      <div className="team"><h1>{state.team.name}</h1></div>
      <div className="sidebar-scroll">
        <Section title="Channels">{mine.map(row)}</Section>
        {others.length > 0 && <Section title="Other channels" closed>{others.map(row)}</Section>}
        {people.length > 0 && <Section title="Direct messages">{people.map(row)}</Section>}
        <Section title="Apps">{apps.map(row)}</Section>
      </div>
    </nav>
  );
}

function Section({ title, closed, children }: { title: string; closed?: boolean; children: ReactNode }) {
  const [open, setOpen] = useState(!closed);
  return (
    <section>
      <button type="button" className="section-title" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? <Caret /> : <CaretRight />}{title}</button>
      {open && <ul>{children}</ul>}
    </section>
  );
}

function Row({ channel, onPick }: { channel: Channel; onPick(): void }) {
  const page = usePage();
  const { store } = page;
  const { count, mention } = unread(store, channel.id);
  const current = store.channel === channel.id;
  const peer = channel.kind === 'im' ? page.user(channel.user) : undefined;
  const bot = store.state?.bot;
  const isBot = peer?.id === bot?.user_id && !!peer;
  const name = channel.kind === 'im' ? page.channelTitle(channel.id) : channel.name;
  return (
    <li>
      <button
        type="button" className={`row${current ? ' current' : ''}${count > 0 ? ' unread' : ''}`} aria-current={current ? 'page' : undefined}
        data-qa="channel" data-channel={channel.id}
        aria-label={`${channel.kind === 'private' ? 'private channel ' : channel.kind === 'channel' ? 'channel ' : ''}${name}${count > 0 ? `, ${count} unread` : ''}`}
        onClick={() => { page.dispatch({ type: 'open', channel: channel.id }); onPick(); }}
      >
        {channel.kind === 'im' ? <span className="row-face"><Avatar user={peer} size={20} />{isBot && <i className={bot?.connected ? 'presence on' : 'presence'} />}</span>
          : channel.kind === 'private' ? <Lock /> : <Hash />}
        <span className="row-name">{name}</span>
        {peer?.id === page.me.id && <span className="you">you</span>}
        {count > 0 && (mention || channel.kind === 'im') && <span className="count" data-qa="unread">{count}</span>}
      </button>
    </li>
  );
}
