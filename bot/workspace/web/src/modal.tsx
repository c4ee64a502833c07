import { useState } from 'react';
import type { Values, View } from './protocol';
import { Blocks } from './blocks/blocks';
import { Avatar } from './avatar';
import { Dialog } from './dialog';
import { usePage } from './page';
import { SurfaceProvider } from './surfaces';
import { textOf } from './text';
import { check, valuesOf } from './values';

/** The view on top of the stack. Give it the view's id as key. */
export function Modal({ view, stack }: { view: View; stack: number }) {
  const { store, submit, api, user } = usePage();
  const [entered, setEntered] = useState<Values>({});
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [submission, setSubmission] = useState('');
  const [busy, setBusy] = useState(false);
  const [closing, setClosing] = useState(false);
  const blocks = view.blocks ?? [];
  const fate = submission ? store.fates[submission] : undefined;
  const bot = store.state?.bot;
  const hasInput = blocks.some((b) => b.type === 'input');

  const send = async () => {
    if (busy || !view.submit && !hasInput) return;
    const values = valuesOf(blocks, entered, store.channel);
    const wrong = check(blocks, values);
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return;
    setBusy(true);
    const { id, errors: refused } = await submit(view.id, values);
    setSubmission(id);
    setErrors(refused ?? {});
    setBusy(false);
  };
  const close = () => {
    if (closing) return;
    setClosing(true);
    void api.close(view.id).finally(() => setClosing(false));
  };

  return (
    <SurfaceProvider
      kind="modal" where={{ view_id: view.id }} blocks={blocks} channel={store.channel} errors={{ ...view.errors, ...errors }} entered={entered}
      onEnter={(next) => {
        setEntered(next);
        setErrors({});
      }}
    >
      <Dialog
        qa="modal" closeQa="modal-x" className={`modal depth-${Math.min(stack, 3)}`} title={textOf(view.title)} icon={<Avatar user={bot && user(bot.user_id)} app size={24} />}
        onClose={close} onSubmit={() => void send()}
        footer={
          <>
            <button type="button" className="btn" data-qa="modal-close" disabled={closing} onClick={close}>{textOf(view.close ?? undefined) || (view.submit || hasInput ? 'Cancel' : 'Close')}</button>
            {(view.submit || hasInput) && (
              <button type="submit" className={`btn filled primary${busy ? ' pending' : ''}`} aria-busy={busy || undefined} data-qa="modal-submit">
                <span className="btn-label">{textOf(view.submit ?? undefined) || 'Submit'}</span>
                {busy && <span className="dots" aria-hidden><i /><i /><i /></span>}
              </button>
            )}
          </>
        }
      >
        {(fate === 'timeout' || typeof fate === 'object') && (
          <div className="modal-trouble" role="alert" data-qa="modal-error">
            {fate === 'timeout' ? 'We had some trouble connecting. Try again?' : fate.error}
          </div>
        )}
        <Blocks blocks={blocks} />
      </Dialog>
    </SurfaceProvider>
  );
}
