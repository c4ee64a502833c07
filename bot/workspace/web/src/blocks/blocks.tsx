import { useId, type ReactNode } from 'react';
import type { Block, Element, TextObject } from '../protocol';
import { blockId } from '../values';
import { Plain, Text, textOf } from '../text';
import { Warning } from '../icons';
import { Chart } from './chart';
import { ElementView } from './element';
import { ImageBlock, Picture } from './image';
import { Markdown } from './markdown';
import { RichText } from './richtext';
import { useSurface } from './surface';
import { Table } from './table';

/** The blocks of a message, a modal or the App Home. */
export function Blocks({ blocks }: { blocks: Block[] }) {
  return (
    <div className="blocks">
      {blocks.map((block, i) => {
        const id = blockId(block, i);
        return <div key={id} className={`block block-${block.type}`} data-block={id}><OneBlock block={block} id={id} /></div>;
      })}
    </div>
  );
}

function OneBlock({ block, id }: { block: Block; id: string }): ReactNode {
  switch (block.type) {
    case 'section':
      return (
        <div className="section">
          <div className="section-main">
            {block.text && <div className="section-text"><Text of={block.text} /></div>}
            {block.fields && <div className="fields">{block.fields.map((field, i) => <div key={i}><Text of={field} /></div>)}</div>}
          </div>
          {block.accessory && <div className="accessory"><ElementView blockId={id} element={block.accessory} /></div>}
        </div>
      );
    case 'header': {
      const level = Number(block.level ?? 1);
      const Heading = (['h2', 'h3', 'h4', 'h5'] as const)[level - 1] ?? 'h2';
      return <Heading className="header-text" data-level={level}><Text of={block.text} /></Heading>;
    }
    case 'divider':
      return <hr />;
    case 'context':
      return (
        <div className="context">
          {(block.elements ?? []).map((element, i) =>
            element.type === 'image'
              ? <Picture key={i} url={element.image_url ?? element.slack_file?.url} alt={element.alt_text} className="context-image" />
              : <span key={i}><Text of={element as unknown as TextObject} /></span>)}
        </div>
      );
    case 'actions':
      return <div className="actions">{(block.elements ?? []).map((element, i) => <ElementView key={element.action_id ?? i} blockId={id} element={element as Element} />)}</div>;
    case 'context_actions':
      return (
        <div className="actions small">
          {(block.elements ?? []).flatMap((element, i) => {
            const buttons = element.type === 'feedback_buttons' ? [element.positive_button, element.negative_button] : [element as Element];
            return buttons.map((button, j) => button && (
              <ElementView key={`${i} ${j}`} blockId={id} element={{ ...button, type: 'button', action_id: element.action_id }} />
            ));
          })}
        </div>
      );
    case 'input':
      return <InputBlock block={block} id={id} />;
    case 'image':
      return <ImageBlock url={block.image_url ?? block.slack_file?.url} alt={block.alt_text} title={textOf(block.title)} />;
    case 'rich_text':
      return <RichText elements={block.elements ?? []} />;
    case 'table':
    case 'data_table':
      return <Table block={block} />;
    case 'data_visualization':
      return <Chart block={block} />;
    case 'markdown':
      return <Markdown text={typeof block.text === 'string' ? block.text : (block.text?.text ?? '')} />;
    case 'alert':
      return <div className={`alert ${String(block.level ?? 'default')}`} role="note"><Text of={block.text} /></div>;
    case 'video':
      return <div><Plain text={textOf(block.title)} /></div>;
    default:
      return <div className="unsupported">This page does not know the block “{block.type}”.</div>;
  }
}

function InputBlock({ block, id }: { block: Block; id: string }) {
  const surface = useSurface();
  const controlId = useId();
  const noteId = useId();
  const { element } = block;
  if (!element) return null;
  const error = surface.errors[id];
  const label = textOf(block.label);
  // A label names one control; a group of ticks is named by aria-label.
  const single = element.type !== 'checkboxes' && element.type !== 'radio_buttons';
  const text = <><Text of={block.label} />{block.optional && <span className="optional"> (optional)</span>}</>;
  return (
    <div className={`input-block${error ? ' has-error' : ''}`}>
      {single ? <label className="input-label" htmlFor={controlId}>{text}</label> : <div className="input-label">{text}</div>}
      <ElementView
        blockId={id} element={element}
        input={{ id: controlId, label, invalid: !!error, describedBy: error || block.hint ? noteId : undefined, dispatches: block.dispatch_action === true, optional: block.optional === true }}
      />
      <div id={noteId}>
        {error && <div className="input-error" role="alert" data-qa="input-error"><Warning />{error}</div>}
        {block.hint && <div className="input-hint"><Text of={block.hint} /></div>}
      </div>
    </div>
  );
}
