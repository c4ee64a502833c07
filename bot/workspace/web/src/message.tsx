import { useState, type ReactNode } from 'react';
import type { Attachment, Message } from './protocol';
import { Blocks } from './blocks/blocks';
import { Avatar, SlackbotAvatar } from './avatar';
import { Copy, Eye, More, Reply } from './icons';
import { Menu } from './menu';
import { parse, plainText, safeUrl } from './mrkdwn';
import { emoji } from './emoji';
import { usePage } from './page';
import { ago, clock, fullTime, tsDate } from './slackdate';
import { SurfaceProvider } from './surfaces';
import { copy, Link, Mrkdwn, Text } from './text';

/** One row of a channel or thread. */
export function MessageRow(props: { message: Message; compact?: boolean; inThread?: boolean }) {
  const { message, compact, inThread } = props;
  const page = usePage();
  const [menuOpen, setMenuOpen] = useState(false);
  const author = page.user(message.user);
  const date = tsDate(message.ts);
  const threadTs = message.thread_ts || message.ts;
  const isMention = message.text.includes(`<@${page.me.id}>`);

  const classes = ['message', compact && 'compact', message.ephemeral && 'ephemeral', message.notice && `notice ${message.notice}`, isMention && !message.ephemeral && 'mentions-me', menuOpen && 'held'];
  const name = message.notice ? 'Slackbot' : author?.real_name || author?.name || message.user;
  return (
    <div
      className={classes.filter(Boolean).join(' ')} role="article" aria-label={`${name} at ${clock(date)}`}
      data-qa={message.notice ? 'notice' : 'message'} data-ts={message.ts} data-ephemeral={message.ephemeral} data-user={message.user} data-channel={message.channel}
    >
      {message.ephemeral && (
        <div className="only-you"><Eye /> Only visible to you</div>
      )}
      <div className="message-body">
        <div className="message-gutter">
          {compact ? <time className="gutter-time" dateTime={date.toISOString()}>{clock(date).replace(/\s?[AP]M/, '')}</time>
            : message.notice ? <SlackbotAvatar /> : <Avatar user={author} app={message.app} />}
        </div>
        <div className="message-main">
          {!compact && (
            <div className="message-head">
              <span className="author">{name}</span>
              {(message.app || message.notice) && <span className="badge">APP</span>}
              {author?.is_guest && <span className="badge">GUEST</span>}
              <time className="time" dateTime={date.toISOString()} title={fullTime(date)}>{clock(date)}</time>
            </div>
          )}
          <MessageContent message={message} />
          <Reactions message={message} />
          {message.notice && (
            <button type="button" className="link-button" onClick={() => page.dispatch({ type: 'dismiss', ts: message.ts })}>Dismiss message</button>
          )}
          {!inThread && !message.ephemeral && message.reply_count > 0 && <ThreadBar message={message} />}
        </div>
      </div>
      {!message.deleted && !message.notice && (
        <div className="toolbar" role="toolbar" aria-label="Message actions">
          {!inThread && !message.ephemeral && (
            <button type="button" className="icon-button" aria-label="Reply in thread" title="Reply in thread" data-qa="reply-in-thread"
              onClick={() => page.dispatch({ type: 'thread', ts: threadTs })}><Reply /></button>
          )}
          <Menu
            label="More actions" title="More actions" className="icon-button" button={<More />} placement="bottom-end" onOpenChange={setMenuOpen}
            qa={{ 'data-qa': 'more-actions' }} groups={actions(message, page)}
          />
        </div>
      )}
    </div>
  );
}

function actions(message: Message, page: ReturnType<typeof usePage>) {
  const bot = page.store.state?.bot;
  const shortcuts = message.ephemeral ? [] : (page.store.state?.shortcuts ?? []).filter((s) => s.type === 'message');
  return [
    {
      title: shortcuts.length > 0 ? 'Message shortcuts' : undefined,
      items: shortcuts.map((s) => ({
        key: s.callback_id, label: s.name, text: s.name, detail: bot?.name, icon: <Avatar user={bot && page.user(bot.user_id)} app size={20} />,
        qa: { 'data-qa': 'shortcut', 'data-callback-id': s.callback_id },
        onSelect: () => void page.api.shortcut(s.callback_id, { channel: message.channel, ts: message.ts }).then((r) => { if (!r.ok) page.complain(r.error ?? 'The shortcut failed.'); }),
      })),
    },
    { items: [{ key: 'copy', label: 'Copy text', text: 'Copy text', icon: <Copy />, onSelect: () => void copy(plainText(parse(message.text))) }] },
  ].filter((group) => group.items.length > 0);
}

function MessageContent({ message }: { message: Message }) {
  if (message.deleted) return <div className="deleted">This message was deleted.</div>;
  // What people type arrives as text with a rich_text copy of it; the text
  // also has the *bold* and `code` they typed.
  const blocks = message.app ? (message.blocks ?? []) : [];
  const attachments = message.attachments ?? [];
  // Slack does not mark what only one person sees.
  const edited = message.edited && !message.ephemeral ? <span className="edited" title={fullTime(new Date(message.edited))}> (edited)</span> : null;
  const all = [...blocks, ...attachments.flatMap((a) => a.blocks ?? [])];
  return (
    <SurfaceProvider kind="message" where={{ channel: message.channel, ts: message.ts }} blocks={all} channel={message.channel}>
      {blocks.length > 0
        ? <><Blocks blocks={blocks} />{edited}</>
        : message.text !== '' && <div className={onlyEmoji(message.text) ? 'text jumbo' : 'text'}><Mrkdwn text={message.text} />{edited}</div>}
      {attachments.map((attachment, i) => <AttachmentView key={i} attachment={attachment} />)}
    </SurfaceProvider>
  );
}

/** Slack shows a message of a few emoji and nothing else larger. */
function onlyEmoji(text: string): boolean {
  const nodes = parse(text).filter((n) => !(n.type === 'text' && n.text.trim() === ''));
  return nodes.length > 0 && nodes.length <= 23 && nodes.every((n) => n.type === 'emoji');
}

function AttachmentView({ attachment: a }: { attachment: Attachment }) {
  const named: Record<string, string> = { good: '#2eb67d', warning: '#ecb22e', danger: '#e01e5a' };
  const color = named[a.color ?? ''] ?? (a.color && /^#?[0-9a-f]{6}$/i.test(a.color) ? `#${a.color.replace('#', '')}` : undefined);
  const legacy = a.title || a.text || a.fields || a.footer || a.author_name;
  return (
    <div className="attachment-wrap">
      {a.pretext && <div className="text"><Mrkdwn text={a.pretext} /></div>}
      <div className="attachment">
        <div className="attachment-bar" style={{ backgroundColor: color }} />
        <div className="attachment-body">
          {a.author_name && <div className="attachment-author">{a.author_name}</div>}
          {a.title && <div className="attachment-title">{a.title_link ? <Link url={safeUrl(a.title_link)}>{a.title}</Link> : a.title}</div>}
          {a.text && <div className="text"><Mrkdwn text={a.text} /></div>}
          {a.fields && (
            <div className="fields">
              {a.fields.map((f, i) => <div key={i} className={f.short ? undefined : 'wide'}><b>{f.title}</b><br /><Mrkdwn text={f.value ?? ''} /></div>)}
            </div>
          )}
          {a.blocks && <Blocks blocks={a.blocks} />}
          {(a.footer || a.ts) && <div className="attachment-footer">{[a.footer, a.ts && fullTime(new Date(Number(a.ts) * 1000))].filter(Boolean).join(' | ')}</div>}
          {!legacy && !a.blocks && a.fallback && <div className="text"><Text of={a.fallback} /></div>}
        </div>
      </div>
    </div>
  );
}

function Reactions({ message }: { message: Message }): ReactNode {
  const { user, me } = usePage();
  const reactions = message.reactions ?? [];
  if (reactions.length === 0) return null;
  return (
    <div className="reactions">
      {reactions.map((reaction) => {
        const who = reaction.users.map((id) => user(id)?.real_name || id).join(', ');
        return (
          <span key={reaction.name} className={reaction.users.includes(me.id) ? 'reaction mine' : 'reaction'} title={`${who} reacted with :${reaction.name}:`}
            role="img" aria-label={`${reaction.name.replaceAll('_', ' ')}, ${reaction.users.length}`} data-qa="reaction" data-name={reaction.name}>
            <span className="emoji">{emoji(reaction.name) ?? `:${reaction.name}:`}</span> {reaction.users.length}
          </span>
        );
      })}
    </div>
  );
}

function ThreadBar({ message }: { message: Message }) {
  const { user, dispatch, store } = usePage();
  const replies = (store.state?.messages[message.channel] ?? []).filter((m) => m.thread_ts === message.ts && m.ts !== message.ts && !m.ephemeral);
  const last = replies.at(-1);
  return (
    <button type="button" className="thread-bar" data-qa="thread-bar" onClick={() => dispatch({ type: 'thread', ts: message.ts })}>
      <span className="thread-faces">{(message.reply_users ?? []).slice(0, 5).map((id) => <Avatar key={id} user={user(id)} size={24} />)}</span>
      <span className="thread-count">{message.reply_count} {message.reply_count === 1 ? 'reply' : 'replies'}</span>
      {last && <span className="thread-last">Last reply {ago(tsDate(last.ts), new Date())}</span>}
      <span className="thread-view">View thread</span>
    </button>
  );
}
