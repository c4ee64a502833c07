import { useEffect, useId, useRef, type ReactNode } from 'react';
import { Close } from './icons';

/**
 * A modal dialog. The browser's own <dialog> keeps the focus inside, makes the
 * page behind inert and gives the focus back.
 */
export function Dialog(props: {
  title: ReactNode;
  icon?: ReactNode;
  className?: string;
  qa?: string;
  closeQa?: string;
  onClose(): void;
  onSubmit?(): void;
  footer: ReactNode;
  children: ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current!;
    if (!dialog.open) dialog.showModal();
    // Slack starts in the first field, or where focus_on_load says; without
    // one, the dialog itself, so that no stray Enter presses a button.
    const target =
      dialog.querySelector<HTMLElement>('[data-focus-on-load]') ??
      dialog.querySelector<HTMLElement>('.dialog-body :is(input, textarea, select, .select-button):not([disabled])') ??
      dialog.querySelector<HTMLElement>('[data-default]') ??
      dialog;
    target.focus();
  }, []);

  const form = (
    <>
      <header className="dialog-header">
        {props.icon}
        <h1 id={titleId}>{props.title}</h1>
        <button type="button" className="icon-button" aria-label="Close" data-qa={props.closeQa} onClick={props.onClose}><Close /></button>
      </header>
      <div className="dialog-body" tabIndex={-1}>{props.children}</div>
      <footer className="dialog-footer">{props.footer}</footer>
    </>
  );
  return (
    <dialog
      ref={ref}
      className={`dialog ${props.className ?? ''}`}
      data-qa={props.qa}
      aria-labelledby={titleId}
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault();
        event.stopPropagation();
        props.onClose();
      }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          props.onSubmit?.();
        }}
      >
        {form}
      </form>
    </dialog>
  );
}
