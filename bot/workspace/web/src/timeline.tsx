import { Fragment, useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { isNotice, type Message } from './protocol';
import { MessageRow } from './message';
import { dayHeading, tsDate } from './slackdate';

const groupedWithin = 5 * 60_000;

/** Whether a message continues its author's previous one, without a name and picture. */
function continues(before: Message | undefined, message: Message): boolean {
  return (
    before !== undefined && before.user === message.user && before.app === message.app && !isNotice(before) && !isNotice(message) &&
    before.subtype === message.subtype &&
    before.ephemeral === message.ephemeral && !message.ephemeral && before.reply_count === 0 &&
    tsDate(message.ts).getTime() - tsDate(before.ts).getTime() < groupedWithin
  );
}

/** A scrolling list of messages that stays at the end unless scrolled away from it. */
export function Timeline(props: { messages: Message[]; inThread?: boolean; intro?: ReactNode; after?: ReactNode; label: string; newFrom?: string; threadTs?: string }) {
  const { messages, inThread } = props;
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const followed = useRef(false);
  const [below, setBelow] = useState(false);
  const last = messages.at(-1);
  const newest = last?.ts;
  const shown = useRef<string>(undefined);

  useLayoutEffect(() => {
    const element = box.current!;
    const before = shown.current;
    const now = last ? JSON.stringify([last.ts, last.text, last.blocks]) : '';
    shown.current = now;
    if (!atEnd.current) return;
    element.scrollTop = element.scrollHeight;
    // An answer longer than the screen is read from its first line: it stays
    // in view, and following goes on once the end is reached.
    const row = before !== undefined && now !== before ? content.current!.querySelector<HTMLElement>(`[data-ts="${CSS.escape(last?.ts ?? '')}"]`) : null;
    if (row && row.offsetHeight > element.clientHeight - 40) {
      element.scrollTop = row.offsetTop - 40;
      atEnd.current = false;
      followed.current = true;
    }
  });
  // Blocks grow after they are laid out: images load, panels open.
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(content.current!);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!atEnd.current && !followed.current) setBelow(true);
    followed.current = false;
  }, [newest]);
  const { threadTs = '' } = props;
  useEffect(() => {
    const toEnd = (event: WindowEventMap['sent']) => {
      if (event.detail !== threadTs) return;
      atEnd.current = true;
      box.current!.scrollTop = box.current!.scrollHeight;
    };
    window.addEventListener('sent', toEnd);
    return () => window.removeEventListener('sent', toEnd);
  }, [threadTs]);

  return (
    <div className="timeline-wrap">
      <div
        className="timeline" ref={box} role="log" aria-label={props.label} aria-live="polite" tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
          if (atEnd.current) setBelow(false);
        }}
      >
        <div ref={content} className="timeline-content">
          {props.intro}
          {messages.map((message, i) => {
            const before = messages[i - 1];
            const day = dayHeading(tsDate(message.ts));
            const newDay = !inThread && (!before || dayHeading(tsDate(before.ts)) !== day);
            const isNew = props.newFrom === message.ts;
            return (
              <Fragment key={message.ts}>
                {newDay && <><div className="day-line" /><div className="day" role="separator" aria-label={day}><span>{day}</span></div></>}
                {isNew && <div className="new-line" role="separator"><span>New</span></div>}
                <MessageRow message={message} compact={!newDay && !isNew && continues(before, message)} inThread={inThread} />
              </Fragment>
            );
          })}
          {props.after}
        </div>
      </div>
      {below && (
        <button type="button" className="jump" onClick={() => { box.current!.scrollTop = box.current!.scrollHeight; }}>New messages ↓</button>
      )}
    </div>
  );
}
