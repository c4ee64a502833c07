import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { Avatar } from './avatar';
import { builtIns, commandOf, complete, completed, type Completing, type Completion } from './completion';
import { At, Bolt, Plus, Send, Slash } from './icons';
import { Menu } from './menu';
import { usePage } from './page';

// Drafts outlive the composer: another channel may be looked at meanwhile.
const drafts = new Map<string, string>();

/** Where messages and commands are written, under a channel or a thread. */
export function Composer({ channel, threadTs = '' }: { channel: string; threadTs?: string }) {
  const page = usePage();
  const { state } = page.store;
  const key = `${page.me.id} ${channel} ${threadTs}`;
  const [text, setTextState] = useState(drafts.get(key) ?? '');
  const [popup, setPopup] = useState<Completing>();
  const [active, setActive] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const caretAfter = useRef<number | null>(null);
  const listId = useId();

  const setText = (next: string) => {
    drafts.set(key, next);
    setTextState(next);
  };
  const commands = [...(state?.commands ?? []), ...builtIns.filter((b) => !state?.commands?.some((c) => c.command === b.command))];
  const known = { commands, users: state?.users ?? [], channels: state?.channels ?? [] };
  const hint = popup ? undefined : commandOf(text, commands);
  const isIm = page.channel(channel)?.kind === 'im';
  const title = page.channelTitle(channel);
  const placeholder = threadTs ? 'Reply…' : `Message ${title}`;

  useLayoutEffect(() => {
    const element = field.current!;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
    if (caretAfter.current !== null) {
      element.setSelectionRange(caretAfter.current, caretAfter.current);
      caretAfter.current = null;
    }
  }, [text]);
  useEffect(() => {
    if (window.matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, [channel, threadTs]);
  // A suggestion is put here from outside of the composer.
  useEffect(() => {
    if (threadTs) return;
    const fill = (event: WindowEventMap['compose']) => {
      setText(event.detail);
      setPopup(undefined);
      caretAfter.current = event.detail.length;
      field.current?.focus();
    };
    window.addEventListener('compose', fill);
    return () => window.removeEventListener('compose', fill);
  });

  const look = (value: string, caret: number) => {
    setPopup(complete(value, caret, known));
    setActive(0);
  };
  const take = (item: Completion) => {
    if (!popup) return;
    const word = completed(item);
    caretAfter.current = popup.from + word.length;
    setText(text.slice(0, popup.from) + word + text.slice(popup.to).replace(/^ /, ''));
    setPopup(undefined);
    field.current?.focus();
  };
  const insert = (sign: string) => {
    const element = field.current!;
    const { selectionStart: start, selectionEnd: end } = element;
    const space = start > 0 && !/\s/.test(text[start - 1]!) ? ' ' : '';
    const next = sign === '/' ? '/' : text.slice(0, start) + space + sign + text.slice(end);
    const caret = sign === '/' ? 1 : start + space.length + sign.length;
    caretAfter.current = caret;
    setText(next);
    look(next, caret);
    element.focus();
  };

  const send = async () => {
    const value = text.trim();
    if (value === '') return;
    setText('');
    setPopup(undefined);
    window.dispatchEvent(new CustomEvent('sent', { detail: threadTs }));
    const reply = await page.api.send(channel, threadTs, value);
    if (reply.ok) return;
    page.dispatch({ type: 'say', channel, threadTs, text: reply.error ?? 'The workspace did not take this.', level: 'error', now: Date.now() });
    // What could not be sent is given back, unless something else was begun.
    setTextState((current) => {
      if (current !== '' || reply.error === undefined) return current;
      drafts.set(key, value);
      return value;
    });
  };

  const shortcuts = (state?.shortcuts ?? []).filter((s) => s.type === 'global');
  return (
    <div className="composer-wrap">
      {popup && (
        <div className="popup completion" id={listId} role="listbox" aria-label="Suggestions" data-qa="completion">
          {popup.items[0]?.kind === 'command' && <div className="menu-title">Commands</div>}
          {popup.items.map((item, i) => (
            <div
              key={completed(item)} id={`${listId}-${i}`} role="option" aria-selected={i === active} className={`menu-item${i === active ? ' active' : ''}`}
              data-qa="completion-item" onMouseMove={() => setActive(i)} onMouseDown={(event) => { event.preventDefault(); take(item); }}
            >
              <CompletionView item={item} />
            </div>
          ))}
        </div>
      )}
      {hint && (
        <div className="popup usage-hint" data-qa="usage-hint" role="note">
          <b>{hint.command}</b> <span className="usage">{hint.usage_hint}</span>
          <span className="usage-description">{hint.description}</span>
        </div>
      )}
      <form className="composer" onSubmit={(event) => { event.preventDefault(); void send(); }}>
        <textarea
          ref={field} rows={1} value={text} placeholder={placeholder} aria-label={threadTs ? 'Reply in thread' : `Message ${isIm ? '' : 'channel '}${title}`}
          data-qa={threadTs ? 'thread-composer' : 'composer'} role="combobox" aria-expanded={!!popup} aria-controls={popup ? listId : undefined} aria-autocomplete="list"
          aria-activedescendant={popup ? `${listId}-${active}` : undefined}
          onChange={(event) => {
            setText(event.target.value);
            look(event.target.value, event.target.selectionStart);
          }}
          onBlur={() => setPopup(undefined)}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (popup) {
              // Nothing is left to complete: Enter sends.
              const exact = event.key === 'Enter' && completed(popup.items[active]!).trim() === text.slice(popup.from, popup.to);
              if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                event.preventDefault();
                const step = event.key === 'ArrowDown' ? 1 : -1;
                setActive((active + step + popup.items.length) % popup.items.length);
                return;
              }
              if ((event.key === 'Enter' && !event.shiftKey && !exact) || (event.key === 'Tab' && !event.shiftKey)) {
                event.preventDefault();
                take(popup.items[active]!);
                return;
              }
              if (event.key === 'Escape') {
                event.preventDefault();
                event.stopPropagation();
                setPopup(undefined);
                return;
              }
            }
            if (event.key === 'Enter' && !event.shiftKey) {
              event.preventDefault();
              void send();
            }
          }}
        />
        <div className="composer-bar">
          {shortcuts.length > 0 && (
            <Menu
              label="Run a shortcut" title="Shortcuts" className="icon-button round" button={<Plus />} placement="top-start" qa={{ 'data-qa': 'shortcuts' }}
              groups={[{
                title: 'Shortcuts',
                items: shortcuts.map((s) => ({
                  key: s.callback_id, label: s.name, text: s.name, detail: s.description, icon: <Bolt />, qa: { 'data-qa': 'shortcut', 'data-callback-id': s.callback_id },
                  onSelect: () => void page.api.shortcut(s.callback_id).then((r) => { if (!r.ok) page.complain(r.error ?? 'The shortcut failed.'); }),
                })),
              }]}
            />
          )}
          <button type="button" className="icon-button" aria-label="Mention someone" title="Mention someone" onClick={() => insert('@')}><At /></button>
          {!threadTs && <button type="button" className="icon-button" aria-label="Run a slash command" title="Run a slash command" onClick={() => insert('/')}><Slash /></button>}
          <span className="grow" />
          <button type="submit" className="send" aria-label="Send now" data-qa={threadTs ? 'thread-send' : 'send'} disabled={text.trim() === ''}><Send /></button>
        </div>
      </form>
      <div className="composer-foot" aria-live="polite">
        <Status channel={channel} threadTs={threadTs} />
        <span className="grow" />
        <span className={text === '' ? 'keys hidden' : 'keys'} aria-hidden><b>Shift + Enter</b> to add a new line</span>
      </div>
    </div>
  );
}

function Status({ channel, threadTs }: { channel: string; threadTs: string }) {
  const { status, store } = usePage();
  const text = status(channel, threadTs);
  if (!text) return null;
  return <span className="status" data-qa="status"><span className="dots" aria-hidden><i /><i /><i /></span> <b>{store.state?.bot.name}</b> {text}</span>;
}

function CompletionView({ item }: { item: Completion }) {
  const { store, user } = usePage();
  const bot = store.state?.bot;
  switch (item.kind) {
    case 'command': {
      const own = builtIns.includes(item.command);
      return (
        <>
          {own ? <Slash /> : <Avatar user={bot && user(bot.user_id)} app size={28} />}
          <span className="menu-label">
            <span><b>{item.command.command}</b> <span className="usage">{item.command.usage_hint}</span></span>
            <span className="menu-detail">{item.command.description}</span>
          </span>
          <span className="menu-aside">{own ? 'Workspace' : bot?.name}</span>
        </>
      );
    }
    case 'user':
      return (
        <>
          <Avatar user={item.user} size={20} />
          <span className="menu-label"><span><b>{item.user.real_name || item.user.name}</b> <span className="usage">{item.user.name}</span>{item.user.is_bot && <span className="badge">APP</span>}</span></span>
        </>
      );
    case 'channel':
      return <span className="menu-label"><b># {item.channel.name}</b></span>;
    case 'emoji':
      return <span className="menu-label"><span><span className="emoji">{item.text}</span> :{item.name}:</span></span>;
  }
}

declare global {
  interface WindowEventMap {
    /** Text for the channel's composer. */
    compose: CustomEvent<string>;
    /** Something was sent in the channel ("") or a thread: its timeline goes to its end. */
    sent: CustomEvent<string>;
  }
}
