import type { Confirm } from '../protocol';
import { Dialog } from '../dialog';
import { Text, textOf } from '../text';

/** The question an app asks before it is told of a click. */
export function ConfirmDialog(props: { confirm: Confirm; onConfirm(): void; onCancel(): void }) {
  const { confirm } = props;
  return (
    <Dialog
      className="confirm"
      title={textOf(confirm.title) || 'Are you sure?'}
      onClose={props.onCancel}
      footer={
        <>
          <button type="button" className="btn" data-qa="confirm-cancel" onClick={props.onCancel}>{textOf(confirm.deny) || 'Cancel'}</button>
          <button type="button" data-default className={`btn filled ${confirm.style === 'danger' ? 'danger' : 'primary'}`} data-qa="confirm-ok" onClick={props.onConfirm}>
            {textOf(confirm.confirm) || 'Confirm'}
          </button>
        </>
      }
    >
      <p className="confirm-text"><Text of={confirm.text} /></p>
    </Dialog>
  );
}
