import { marked, type Token, type Tokens } from 'marked';
import { Fragment, type ReactNode } from 'react';
import { Link, Plain, Preformatted } from '../text';
import { safeUrl } from '../mrkdwn';

/**
 * The markdown block. marked only splits the text into tokens, which become
 * React elements here: HTML in the source stays text.
 */
export function Markdown({ text }: { text: string }) {
  return <div className="markdown"><Tokens_ tokens={marked.lexer(text)} /></div>;
}

function Tokens_({ tokens = [] }: { tokens?: Token[] }) {
  return tokens.map((token, i) => <Fragment key={i}>{one(token)}</Fragment>);
}

function inner(token: { tokens?: Token[]; text?: string }): ReactNode {
  return token.tokens ? <Tokens_ tokens={token.tokens} /> : <Plain text={token.text ?? ''} />;
}

function one(token: Token): ReactNode {
  switch (token.type) {
    case 'space': case 'def': return null;
    case 'paragraph': return <p>{inner(token as Tokens.Paragraph)}</p>;
    case 'heading': {
      const Heading = (['h2', 'h3', 'h4', 'h5'] as const)[Math.min((token as Tokens.Heading).depth, 4) - 1] ?? 'h5';
      return <Heading>{inner(token as Tokens.Heading)}</Heading>;
    }
    case 'strong': return <b>{inner(token as Tokens.Strong)}</b>;
    case 'em': return <i>{inner(token as Tokens.Em)}</i>;
    case 'del': return <s>{inner(token as Tokens.Del)}</s>;
    case 'codespan': return <code>{decode((token as Tokens.Codespan).text)}</code>;
    case 'code': return <Preformatted text={(token as Tokens.Code).text} />;
    case 'blockquote': return <blockquote>{inner(token as Tokens.Blockquote)}</blockquote>;
    case 'br': return <br />;
    case 'hr': return <hr />;
    case 'link': return <Link url={safeUrl((token as Tokens.Link).href)}>{inner(token as Tokens.Link)}</Link>;
    // Slack shows an image of a markdown block as a link.
    case 'image': return <Link url={safeUrl((token as Tokens.Image).href)}>{(token as Tokens.Image).text || (token as Tokens.Image).href}</Link>;
    case 'list': {
      const list = token as Tokens.List;
      const items = list.items.map((item, i) => (
        <li key={i} className={item.task ? 'task' : undefined}>
          {item.task && <input type="checkbox" checked={item.checked} readOnly disabled aria-label={item.checked ? 'done' : 'to do'} />}
          {inner(item)}
        </li>
      ));
      return list.ordered ? <ol start={list.start || 1}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table': {
      const table = token as Tokens.Table;
      return (
        <div className="table-block">
          <table>
            <thead><tr>{table.header.map((cell, i) => <th key={i} className={cell.align ?? 'left'}>{inner(cell)}</th>)}</tr></thead>
            <tbody>{table.rows.map((row, r) => <tr key={r}>{row.map((cell, i) => <td key={i} className={cell.align ?? 'left'}>{inner(cell)}</td>)}</tr>)}</tbody>
          </table>
        </div>
      );
    }
    case 'text': case 'escape':
      return 'tokens' in token && token.tokens ? inner(token as Tokens.Text) : <Plain text={decode((token as Tokens.Text).text)} />;
    default:
      return <Plain text={token.raw} />;
  }
}

// Some of the lexer's texts come escaped for HTML, which React escapes again.
function decode(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]!);
}
