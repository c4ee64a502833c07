import { useState, type ReactNode } from 'react';
import { CaretRight } from './icons';

/** A JSON value as a tree that folds. */
export function Json({ value, name, depth = 0, last = true }: { value: unknown; name?: string; depth?: number; last?: boolean }) {
  const [open, setOpen] = useState(depth < 5);
  const label = name === undefined ? null : <><span className="json-key">{JSON.stringify(name)}</span>: </>;
  const comma = last ? '' : ',';
  // Slack's form-encoded calls carry blocks and views as JSON in a string.
  const inner = nested(value);
  if (inner !== undefined) {
    return <div className="json-line"><span>{label}<span className="json-text">JSON in a string</span></span><Json value={inner} depth={depth} last={last} /></div>;
  }
  if (value !== null && typeof value === 'object') {
    const list = Array.isArray(value);
    const entries = list ? value.map((v, i) => [String(i), v] as const) : Object.entries(value);
    const [left, right] = list ? ['[', ']'] : ['{', '}'];
    if (entries.length === 0) return <div className="json-line">{label}{left}{right}{comma}</div>;
    return (
      <div className="json-node">
        <button type="button" className={`json-fold${open ? ' open' : ''}`} aria-expanded={open} aria-label={open ? 'Fold' : 'Unfold'} onClick={() => setOpen(!open)}><CaretRight /></button>
        <span>{label}{left}{!open && <button type="button" className="json-more" onClick={() => setOpen(true)}>{entries.length} {list ? 'items' : 'keys'}</button>}{!open && <>{right}{comma}</>}</span>
        {open && (
          <>
            <div className="json-children">
              {entries.map(([key, v], i) => <Json key={key} value={v} name={list ? undefined : key} depth={depth + 1} last={i === entries.length - 1} />)}
            </div>
            <span>{right}{comma}</span>
          </>
        )}
      </div>
    );
  }
  return <div className="json-line">{label}{scalar(value)}{comma}</div>;
}

function nested(value: unknown): object | undefined {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return undefined;
  try {
    return JSON.parse(value) as object;
  } catch {
    return undefined;
  }
}

function scalar(value: unknown): ReactNode {
  if (typeof value === 'string') return <span className="json-string">{JSON.stringify(value)}</span>;
  if (typeof value === 'number') return <span className="json-number">{String(value)}</span>;
  return <span className="json-word">{String(value)}</span>;
}
