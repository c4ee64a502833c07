import { useEffect, useRef, useState } from 'react';
import type { TrafficEntry } from './protocol';
import { Close } from './icons';
import { Json } from './json';
import { usePage } from './page';
import { CopyButton } from './text';

const kinds = [
  ['', 'All'], ['envelope', 'Envelopes'], ['ack', 'Acks'], ['api', 'Web API'], ['response_url', 'response_url'], ['socket', 'Socket'],
] as const;

/** The raw traffic between the workspace and the app. */
export function Inspector({ onClose }: { onClose(): void }) {
  const { store } = usePage();
  const [kind, setKind] = useState('');
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<number>();
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const all = store.state?.traffic ?? [];
  const wanted = query.trim().toLowerCase();
  const shown = all.filter((e) => (kind === '' || e.kind === kind) && (wanted === '' || `${e.title} ${JSON.stringify(e.body)} ${JSON.stringify(e.reply)}`.toLowerCase().includes(wanted)));
  const entry = shown.find((e) => e.n === chosen);

  useEffect(() => {
    if (atEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [shown.length]);

  return (
    <section className="inspector" aria-label="Traffic inspector" data-qa="inspector">
      <header className="inspector-header">
        <h2>Traffic</h2>
        <div className="inspector-kinds" role="group" aria-label="Kinds shown">
          {kinds.map(([value, label]) => <button key={value} type="button" aria-pressed={kind === value} onClick={() => setKind(value)}>{label}</button>)}
        </div>
        <input type="search" placeholder="Filter" aria-label="Filter traffic" value={query} onChange={(event) => setQuery(event.target.value)} />
        <span className="grow" />
        <button type="button" className="icon-button" aria-label="Close the inspector" onClick={onClose}><Close /></button>
      </header>
      <div className="inspector-body">
        <div className="inspector-list" ref={list} role="listbox" aria-label="Entries" tabIndex={0}
          onScroll={(event) => { const e = event.currentTarget; atEnd.current = e.scrollHeight - e.scrollTop - e.clientHeight < 30; }}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
            event.preventDefault();
            const at = shown.findIndex((e) => e.n === chosen);
            const next = shown[Math.max(0, Math.min(shown.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1)))];
            if (next) setChosen(next.n);
          }}
        >
          {shown.length === 0 && <p className="inspector-empty">Nothing yet. Send a command and watch.</p>}
          {shown.map((e) => <Entry key={e.n} entry={e} chosen={e.n === chosen} onClick={() => setChosen(e.n)} />)}
        </div>
        <div className="inspector-detail">
          {entry ? (
            <>
              <Part title={entry.kind === 'api' || entry.kind === 'response_url' ? 'Request' : 'Body'} value={entry.body} />
              {entry.reply !== null && entry.reply !== undefined && <Part title={entry.kind === 'envelope' ? 'Ack' : 'Reply'} value={entry.reply} />}
            </>
          ) : <p className="inspector-empty">Choose an entry to see it.</p>}
        </div>
      </div>
    </section>
  );
}

function Entry({ entry, chosen, onClick }: { entry: TrafficEntry; chosen: boolean; onClick(): void }) {
  const out = entry.dir === 'out';
  const failed = (entry.reply as { ok?: unknown } | null)?.ok === false;
  const at = new Date(entry.at);
  return (
    <div role="option" aria-selected={chosen} className={`entry ${entry.kind}${failed ? ' failed' : ''}`} data-qa="traffic-entry" data-n={entry.n} onClick={onClick}>
      <time>{Number.isNaN(at.getTime()) ? '' : at.toISOString().slice(11, 23)}</time>
      <span className="entry-dir" title={out ? 'to the app' : 'from the app'}>{out ? '→ app' : '← app'}</span>
      <span className="entry-kind">{entry.kind}</span>
      <span className="entry-title">{entry.title}</span>
      <span className="entry-ms">{entry.ms > 0 ? `${entry.ms} ms` : ''}</span>
    </div>
  );
}

function Part({ title, value }: { title: string; value: unknown }) {
  return (
    <div className="part">
      <h3>{title}</h3>
      <div className="json code-block"><Json value={value} /><CopyButton text={JSON.stringify(value, null, 2) ?? ''} /></div>
    </div>
  );
}
