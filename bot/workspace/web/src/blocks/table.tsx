import type { Block, TableCell } from '../protocol';
import { Plain } from '../text';
import { RichText } from './richtext';

/** The table block: the first row is its head. */
export function Table({ block }: { block: Block }) {
  const [head, ...rows] = block.rows ?? [];
  const align = (i: number) => {
    const value = block.column_settings?.[i]?.align;
    return value === 'right' || value === 'center' ? value : 'left';
  };
  const wrap = (i: number) => (block.column_settings?.[i]?.is_wrapped ? 'wrap' : 'nowrap');
  return (
    <div className="table-block" tabIndex={0} role="region" aria-label={block.caption || 'Table'}>
      <table>
        {block.caption && <caption>{block.caption}</caption>}
        {head && <thead><tr>{head.map((cell, i) => <th key={i} scope="col" className={`${align(i)} ${wrap(i)}`}><Cell cell={cell} /></th>)}</tr></thead>}
        <tbody>
          {rows.map((row, r) => <tr key={r}>{row.map((cell, i) => <td key={i} className={`${align(i)} ${wrap(i)}`}><Cell cell={cell} /></td>)}</tr>)}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ cell }: { cell: TableCell | null }) {
  if (!cell) return null;
  if (cell.type === 'rich_text') return <RichText elements={cell.elements ?? []} />;
  return <Plain text={cell.text ?? String(cell.value ?? '')} />;
}
