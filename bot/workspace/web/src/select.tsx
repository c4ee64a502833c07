import {
  autoUpdate, flip, FloatingFocusManager, offset, shift, size, useClick, useDismiss, useFloating, useInteractions, useListNavigation, useRole,
} from '@floating-ui/react';
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Caret, Check, Close } from './icons';
import { keepEscape } from './menu';

export interface Choice {
  key: string;
  label: ReactNode;
  text: string;
  detail?: ReactNode;
}

export interface ChoiceGroup {
  title?: ReactNode;
  choices: Choice[];
}

export type Load = { groups: ChoiceGroup[] } | { hint: string };

/**
 * Slack's menu of choices: a button that opens a field to search in and a
 * list. One component for static and remote choices, one or several of them.
 */
export function Select(props: {
  id?: string;
  label: string;
  placeholder: string;
  chosen: Choice[];
  multiple?: boolean;
  max?: number;
  /** Choices known beforehand are filtered here… */
  groups?: ChoiceGroup[];
  /** …those of an app are asked for as the person types. */
  load?(query: string, signal: AbortSignal): Promise<Load>;
  minQuery?: number;
  invalid?: boolean;
  describedBy?: string;
  focusOnLoad?: boolean;
  clearable?: boolean;
  qa?: Record<`data-${string}`, string | undefined>;
  onChoose(choices: Choice[]): void;
}) {
  const { load, minQuery = 0, chosen, multiple } = props;
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState('');
  const [active, setActive] = useState<number | null>(null);
  const [remote, setRemote] = useState<Load | 'loading'>({ hint: '' });
  const list = useRef<(HTMLElement | null)[]>([]);
  const listId = useId();

  const { refs, floatingStyles, context } = useFloating({
    open, placement: 'bottom-start', strategy: 'fixed', whileElementsMounted: autoUpdate,
    onOpenChange(next) {
      setOpen(next);
      setQuery('');
      setActive(null);
    },
    middleware: [
      offset(4), flip({ padding: 8 }), shift({ padding: 8 }),
      size({ padding: 8, apply: ({ availableHeight, rects, elements }) => {
        elements.floating.style.maxHeight = `${Math.min(340, Math.max(140, availableHeight))}px`;
        elements.floating.style.width = `${Math.max(280, rects.reference.width)}px`;
      } }),
    ],
  });
  const { getReferenceProps, getFloatingProps, getItemProps } = useInteractions([
    useClick(context), useDismiss(context), useRole(context, { role: 'listbox' }),
    useListNavigation(context, { listRef: list, activeIndex: active, onNavigate: setActive, virtual: true, loop: true }),
  ]);

  // The caller's function is new on every render; only what was typed asks again.
  const latestLoad = useRef(load);
  latestLoad.current = load;
  const remoteChoices = load !== undefined;
  useEffect(() => {
    if (!open || !remoteChoices) return;
    if (query.length < minQuery) {
      setRemote({ hint: minQuery === 1 ? 'Type to search' : `Type at least ${minQuery} characters to search` });
      return;
    }
    setRemote('loading');
    const abort = new AbortController();
    const timer = setTimeout(() => {
      latestLoad.current!(query, abort.signal).then(
        (result) => !abort.signal.aborted && setRemote(result),
        () => !abort.signal.aborted && setRemote({ hint: 'The choices could not be loaded.' }),
      );
    }, 200);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [open, query, remoteChoices, minQuery]);

  let groups: ChoiceGroup[] = [];
  let hint = '';
  if (!load) {
    const wanted = query.trim().toLowerCase();
    groups = (props.groups ?? [])
      .map((g) => ({ ...g, choices: g.choices.filter((c) => c.text.toLowerCase().includes(wanted)) }))
      .filter((g) => g.choices.length > 0);
    hint = 'No results';
  } else if (remote === 'loading') hint = 'Loading…';
  else if ('groups' in remote) {
    groups = remote.groups.filter((g) => g.choices.length > 0);
    hint = 'No results';
  } else hint = remote.hint;
  const flat = groups.flatMap((g) => g.choices);
  // Enter takes the first choice, as long as the arrows chose no other.
  const current = active !== null && active < flat.length ? active : flat.length > 0 && query !== '' ? 0 : null;

  const isChosen = (choice: Choice) => chosen.some((c) => c.key === choice.key);
  const choose = (choice: Choice) => {
    if (!multiple) {
      setOpen(false);
      setQuery('');
      props.onChoose([choice]);
      return;
    }
    if (isChosen(choice)) props.onChoose(chosen.filter((c) => c.key !== choice.key));
    else if (props.max === undefined || chosen.length < props.max) props.onChoose([...chosen, choice]);
    setQuery('');
  };

  // Typing on the closed button opens it with what was typed.
  const typeAhead = (event: KeyboardEvent<HTMLElement>) => {
    if (open || event.key.length !== 1 || event.key === ' ' || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setOpen(true);
    setQuery(event.key);
  };

  let index = -1;
  return (
    <div className={`select${props.invalid ? ' invalid' : ''}`}>
      {multiple && chosen.length > 0 && (
        <span className="tokens">
          {chosen.map((choice) => (
            <span key={choice.key} className="token">
              {choice.label}
              <button type="button" aria-label={`Remove ${choice.text}`} onClick={() => props.onChoose(chosen.filter((c) => c.key !== choice.key))}><Close /></button>
            </span>
          ))}
        </span>
      )}
      <button
        type="button" id={props.id} ref={refs.setReference} className="select-button" aria-label={props.label} aria-invalid={props.invalid}
        aria-describedby={props.describedBy} data-focus-on-load={props.focusOnLoad || undefined} {...props.qa} {...getReferenceProps({ onKeyDown: typeAhead })}
        // The combobox is the search field in the popup.
        role={undefined}
      >
        <span className={multiple || chosen.length === 0 ? 'select-placeholder' : 'select-value'}>
          {multiple || chosen.length === 0 ? props.placeholder : chosen[0]!.label}
        </span>
        <Caret />
      </button>
      {props.clearable && !multiple && chosen.length > 0 && (
        <button type="button" className="select-clear" aria-label="Clear" onClick={() => props.onChoose([])}><Close /></button>
      )}
      {open && (
        <FloatingFocusManager context={context} modal={false} initialFocus={-1}>
          <div ref={refs.setFloating} className="popup select-popup" style={floatingStyles} {...getFloatingProps({ onKeyDown: keepEscape })} role="presentation">
            <input
              // Focused as it appears, not a frame later: what is typed at once must not be lost.
              autoFocus className="select-search" role="combobox" aria-expanded aria-controls={listId} aria-autocomplete="list" aria-label={`Search: ${props.label}`}
              aria-activedescendant={current !== null ? `${listId}-${current}` : undefined} placeholder="Search" value={query} data-qa="select-search"
              onChange={(event) => { setQuery(event.target.value); setActive(null); }}
              onKeyDown={(event) => {
                if (event.key === 'Enter') {
                  event.preventDefault();
                  if (current !== null) choose(flat[current]!);
                } else if (event.key === 'Backspace' && query === '' && multiple && chosen.length > 0) {
                  props.onChoose(chosen.slice(0, -1));
                }
              }}
            />
            <div id={listId} role="listbox" aria-label={props.label} aria-multiselectable={multiple || undefined} className="select-list">
              {flat.length === 0 && <div className="popup-empty" role="status">{hint}</div>}
              {groups.map((group, g) => (
                <div key={g} role="group">
                  {group.title && <div className="menu-title">{group.title}</div>}
                  {group.choices.map((choice) => {
                    const i = ++index;
                    return (
                      <div
                        key={choice.key} id={`${listId}-${i}`} ref={(node) => { list.current[i] = node; }} role="option" aria-selected={isChosen(choice)}
                        data-qa="option" className={`menu-item${current === i ? ' active' : ''}`}
                        {...getItemProps({ onClick: () => choose(choice) })}
                      >
                        <span className="menu-label">{choice.label}{choice.detail && <span className="menu-detail">{choice.detail}</span>}</span>
                        {isChosen(choice) && <Check />}
                      </div>
                    );
                  })}
                </div>
              ))}
            </div>
          </div>
        </FloatingFocusManager>
      )}
    </div>
  );
}
