import {
  autoUpdate, flip, FloatingFocusManager, offset, shift, size, useClick, useDismiss, useFloating, useInteractions, useListNavigation, useRole,
  useTypeahead, type Placement,
} from '@floating-ui/react';
import { useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

export interface MenuItem {
  key: string;
  label: ReactNode;
  /** For typing ahead. */
  text: string;
  detail?: ReactNode;
  icon?: ReactNode;
  href?: string;
  danger?: boolean;
  selected?: boolean;
  qa?: Record<`data-${string}`, string | undefined>;
  onSelect(): void;
}

export interface MenuGroup {
  title?: ReactNode;
  items: MenuItem[];
}

/** Escape closes the popup it is pressed in, not the dialog around it. */
export function keepEscape(event: KeyboardEvent<HTMLElement>) {
  if (event.key === 'Escape') event.preventDefault();
}

/** A button that opens a list of things to do. */
export function Menu(props: {
  label: string;
  button: ReactNode;
  className?: string;
  placement?: Placement;
  groups: MenuGroup[];
  empty?: string;
  title?: string;
  disabled?: boolean;
  qa?: Record<`data-${string}`, string | undefined>;
  onOpenChange?(open: boolean): void;
}) {
  const [open, setOpenState] = useState(false);
  const [active, setActive] = useState<number | null>(null);
  const list = useRef<(HTMLElement | null)[]>([]);
  const items = props.groups.flatMap((g) => g.items);
  const labels = useRef<string[]>([]);
  labels.current = items.map((item) => item.text);

  const setOpen = (next: boolean) => {
    setOpenState(next);
    props.onOpenChange?.(next);
  };
  const { refs, floatingStyles, context } = useFloating({
    open, onOpenChange: setOpen, placement: props.placement ?? 'bottom-start', strategy: 'fixed', whileElementsMounted: autoUpdate,
    middleware: [offset(4), flip({ padding: 8 }), shift({ padding: 8 }), size({ padding: 8, apply: ({ availableHeight, elements }) => { elements.floating.style.maxHeight = `${Math.max(120, availableHeight)}px`; } })],
  });
  const { getReferenceProps, getFloatingProps, getItemProps } = useInteractions([
    useClick(context), useDismiss(context), useRole(context, { role: 'menu' }),
    useListNavigation(context, { listRef: list, activeIndex: active, onNavigate: setActive, loop: true }),
    useTypeahead(context, { listRef: labels, activeIndex: active, onMatch: setActive }),
  ]);

  let index = -1;
  return (
    <>
      <button
        type="button" ref={refs.setReference} className={props.className} aria-label={props.label} title={props.title} disabled={props.disabled}
        {...props.qa} {...getReferenceProps()}
      >
        {props.button}
      </button>
      {open && (
        <FloatingFocusManager context={context} modal={false}>
          <div ref={refs.setFloating} className="popup menu" style={floatingStyles} aria-label={props.label} {...getFloatingProps({ onKeyDown: keepEscape })}>
            {items.length === 0 && <div className="popup-empty">{props.empty ?? 'Nothing here'}</div>}
            {props.groups.map((group, g) => (
              <div key={g} role="group" className="menu-group">
                {group.title && <div className="menu-title">{group.title}</div>}
                {group.items.map((item) => {
                  const i = ++index;
                  const common = {
                    ref: (node: HTMLElement | null) => { list.current[i] = node; },
                    role: 'menuitem',
                    tabIndex: active === i ? 0 : -1,
                    className: `menu-item${item.danger ? ' danger' : ''}${item.selected ? ' selected' : ''}`,
                    ...item.qa,
                    ...getItemProps({ onClick: () => { setOpen(false); item.onSelect(); } }),
                  };
                  const content = (
                    <>
                      {item.icon}
                      <span className="menu-label">{item.label}{item.detail && <span className="menu-detail">{item.detail}</span>}</span>
                    </>
                  );
                  return item.href
                    ? <a key={item.key} href={item.href} target="_blank" rel="noopener noreferrer" {...common}>{content}</a>
                    : <button key={item.key} type="button" {...common}>{content}</button>;
                })}
              </div>
            ))}
          </div>
        </FloatingFocusManager>
      )}
    </>
  );
}
