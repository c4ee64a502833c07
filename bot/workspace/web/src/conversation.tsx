import { useEffect, useRef, type KeyboardEvent } from 'react';
import { Avatar } from './avatar';
import { Blocks } from './blocks/blocks';
import { Composer } from './composer';
import { Close, Hash, Info, Lock, Menu as MenuIcon, Plus } from './icons';
import { usePage } from './page';
import { compareTs, threadOf, timeline } from './store';
import { SurfaceProvider } from './surfaces';
import { Mrkdwn } from './text';
import { Timeline } from './timeline';

/** The channel or direct message on the screen. */
export function Conversation({ onMenu }: { onMenu(): void }) {
  const page = usePage();
  const { store, me } = page;
  const channel = page.channel(store.channel);
  const bot = store.state?.bot;
  const newFrom = useNewFrom(store.channel);
  if (!channel || !bot) return <main className="conversation" />;
  const isBotIm = channel.kind === 'im' && channel.user === bot.user_id;
  const hasHome = isBotIm && bot.home_tab !== false;
  const peer = channel.kind === 'im' ? page.user(channel.user) : undefined;
  const name = channel.kind === 'im' ? page.channelTitle(channel.id) : channel.name;
  const sign = channel.kind === 'private' ? <Lock /> : <Hash />;
  const join = (who: string) => void page.api.join(channel.id, who).then((r) => { if (!r.ok) page.complain(r.error ?? 'That did not work.'); });

  const intro = (
    <div className="intro">
      {peer ? <Avatar user={peer} app={peer.is_bot} size={72} /> : <span className="intro-sign">{sign}</span>}
      <h2>{peer ? name : <>{channel.kind === 'private' ? '' : '#'}{channel.name}</>}</h2>
      <p>
        {isBotIm ? <>This is the very beginning of your direct messages with <b>{name}</b>. Ask it about a certificate in your own words or with a command.</>
          : peer ? <>This conversation is just between the two of you.</>
          : <>This is the very beginning of the <b>{channel.name}</b> channel.{channel.topic && <> Topic: <Mrkdwn text={channel.topic} /></>}</>}
      </p>
    </div>
  );
  return (
    <main className="conversation" aria-label={name}>
      <header className="header">
        <button type="button" className="icon-button menu-button" aria-label="Show channels" onClick={onMenu}><MenuIcon /></button>
        <h2 className="header-title">{peer ? <Avatar user={peer} app={peer.is_bot} size={24} /> : sign}<span>{name}</span>{peer?.is_bot && <span className="badge">APP</span>}</h2>
        {channel.topic && <span className="topic" title={channel.topic}><Mrkdwn text={channel.topic} /></span>}
        <span className="grow" />
        {!peer && channel.member && (channel.bot_member
          ? <span className="member-app" title={`${bot.name} is in this channel`}><Avatar user={page.user(bot.user_id)} app size={20} /></span>
          : <button type="button" className="btn small" data-qa="add-app" onClick={() => join(bot.user_id)}><Plus /> Add {bot.name}</button>)}
      </header>
      {hasHome && (
        <div className="tabs" role="tablist" aria-label={`${name} tabs`}>
          <Tab qa="home-tab" on={store.homeTab} label="Home" onClick={() => page.dispatch({ type: 'tab', home: true })} />
          <Tab qa="messages-tab" on={!store.homeTab} label="Messages" onClick={() => page.dispatch({ type: 'tab', home: false })} />
        </div>
      )}
      {hasHome && store.homeTab ? <AppHome /> : (
        <>
          <Timeline key={`${me.id} ${channel.id}`} messages={timeline(store, channel.id)} intro={intro} label={`Messages in ${name}`} newFrom={newFrom} />
          {channel.archived ? <div className="join-bar">This channel is archived. Nothing can be sent to it.</div> : channel.member ? (
            <>
              <Suggestions />
              <Composer key={`${me.id} ${channel.id}`} channel={channel.id} />
            </>
          ) : (
            <div className="join-bar"><b>{sign}{name}</b><button type="button" className="btn filled primary" data-qa="join" onClick={() => join(me.id)}>Join channel</button></div>
          )}
        </>
      )}
    </main>
  );
}

/** The first message that was unread when the channel was opened. */
function useNewFrom(channel: string): string | undefined {
  const { store, me } = usePage();
  const key = `${me.id} ${channel}`;
  const opened = useRef<{ key: string; read: string; from?: string }>({ key: '', read: '' });
  const before = useRef<Record<string, string>>({});
  if (opened.current.key !== key) {
    const read = before.current[key] ?? store.opened;
    const first = timeline(store, channel).find((m) => compareTs(m.ts, read) > 0 && m.user !== me.id && !m.notice);
    opened.current = { key, read, from: first?.ts };
  }
  useEffect(() => {
    before.current = { ...before.current, ...store.read };
  });
  return opened.current.from;
}

function Tab(props: { qa: string; on: boolean; label: string; onClick(): void }) {
  return <button type="button" role="tab" aria-selected={props.on} data-qa={props.qa} onClick={props.onClick}>{props.label}</button>;
}

function Suggestions() {
  const { store } = usePage();
  const suggestions = store.state?.suggestions ?? [];
  if (suggestions.length === 0) return null;
  return (
    <div className="suggestions" role="group" aria-label="Things to try">
      <span>Try</span>
      {suggestions.map((text) => (
        <button key={text} type="button" data-qa="suggestion" onClick={() => window.dispatchEvent(new CustomEvent('compose', { detail: text }))}>{text}</button>
      ))}
    </div>
  );
}

function AppHome() {
  const { store, api, complain, me, user } = usePage();
  const view = store.state?.home;
  const bot = store.state?.bot;
  useEffect(() => {
    void api.home().then((reply) => { if (!reply.ok) complain(reply.error ?? 'The app could not be told that its Home was opened.'); });
    // Only opening the tab is told, not every render.
  }, [me.id]);
  return (
    <div className="home" role="tabpanel" aria-label="Home" data-qa="home">
      {view ? (
        <SurfaceProvider key={view.id} kind="home" where={{ view_id: view.id }} blocks={view.blocks ?? []} channel={store.channel}>
          <Blocks blocks={view.blocks ?? []} />
        </SurfaceProvider>
      ) : (
        <div className="home-empty"><Avatar user={bot && user(bot.user_id)} app size={72} /><h2>{bot?.name}</h2><p>This is where the app’s Home appears once it has published it.</p></div>
      )}
    </div>
  );
}

/** The thread beside the conversation. */
export function Thread() {
  const page = usePage();
  const { store, dispatch } = page;
  const panel = useRef<HTMLElement>(null);
  const { root, replies } = threadOf(store, store.channel, store.thread);
  const close = () => dispatch({ type: 'thread', ts: '' });
  const count = replies.filter((m) => !m.ephemeral).length;
  const escape = (event: KeyboardEvent<HTMLElement>) => {
    // A popup or dialog inside of the thread closes first.
    if (event.key === 'Escape' && !event.defaultPrevented && !(event.target as HTMLElement).closest('dialog')) close();
  };
  return (
    <aside className="thread" ref={panel} aria-label="Thread" data-qa="thread-panel" data-thread={store.thread} onKeyDown={escape}>
      <header className="header">
        <h2 className="header-title"><span>Thread</span></h2>
        <span className="topic">{page.channelTitle(store.channel)}</span>
        <span className="grow" />
        <button type="button" className="icon-button" aria-label="Close thread" data-qa="thread-close" onClick={close}><Close /></button>
      </header>
      <Timeline
        key={store.thread} inThread threadTs={store.thread} label="Thread" messages={root ? [root, ...replies] : replies}
        intro={root ? undefined : <p className="thread-note"><Info /> The message this thread belongs to is not here any more.</p>}
        after={count > 0 ? undefined : <p className="thread-note">No replies yet.</p>}
      />
      <Composer key={`${page.me.id} ${store.channel} ${store.thread}`} channel={store.channel} threadTs={store.thread} />
    </aside>
  );
}
