import { Fragment, type ReactNode } from 'react';
import type { RichTextNode } from '../protocol';
import { ChannelMention, Emoji, Link, Preformatted, SlackDate, UserMention } from '../text';
import { emoji } from '../emoji';
import { safeUrl } from '../mrkdwn';

/** The parts of a rich_text block. */
export function RichText({ elements }: { elements: RichTextNode[] }) {
  return elements.map((element, i) => <Part key={i} element={element} />);
}

function Part({ element }: { element: RichTextNode }): ReactNode {
  const inner = element.elements ?? [];
  switch (element.type) {
    case 'rich_text_section':
      return <div className="rich-section"><Inline elements={inner} /></div>;
    case 'rich_text_preformatted':
      return <Preformatted text={inner.map(rawText).join('')}><Inline elements={inner} /></Preformatted>;
    case 'rich_text_quote':
      return <blockquote><Inline elements={inner} /></blockquote>;
    case 'rich_text_list': {
      const indent = element.indent ?? 0;
      const items = inner.map((item, i) => <li key={i}><Inline elements={item.elements ?? []} /></li>);
      const className = `rich-list indent-${Math.min(indent, 8)} level-${indent % 3}${element.border ? ' bordered' : ''}`;
      return element.style === 'ordered'
        ? <ol className={className} start={(element.offset ?? 0) + 1}>{items}</ol>
        : <ul className={className}>{items}</ul>;
    }
    default:
      return <Inline elements={[element]} />;
  }
}

export function Inline({ elements }: { elements: RichTextNode[] }) {
  return elements.map((element, i) => <Fragment key={i}>{styled(element, bare(element))}</Fragment>);
}

/** The text alone: what the copy button of a code block copies. */
export function rawText(element: RichTextNode): string {
  switch (element.type) {
    case 'link': return element.text || element.url || '';
    case 'emoji': return emoji(element.name ?? '') ?? `:${element.name}:`;
    case 'user': return `@${element.user_id}`;
    case 'channel': return `#${element.channel_id}`;
    case 'broadcast': return `@${element.range}`;
    case 'date': return element.fallback ?? '';
    case 'color': return element.value ?? '';
    default: return (element.text ?? '') + (element.elements ?? []).map(rawText).join('');
  }
}

function bare(element: RichTextNode): ReactNode {
  switch (element.type) {
    case 'text': return <span className="pre-line">{element.text}</span>;
    case 'link': return <Link url={safeUrl(element.url ?? '')}>{element.text || element.url}</Link>;
    case 'emoji': {
      const glyph = emoji(element.name ?? '') ?? fromUnified(element.unicode);
      return glyph ? <Emoji name={element.name ?? ''} text={glyph} /> : `:${element.name}:`;
    }
    case 'user': return <UserMention id={element.user_id ?? ''} />;
    case 'channel': return <ChannelMention id={element.channel_id ?? ''} />;
    case 'usergroup': return <span className="mention">@{element.usergroup_id}</span>;
    case 'broadcast': return <span className="mention self">@{element.range}</span>;
    case 'color': return <span className="color-value"><ColorSwatch value={element.value ?? ''} />{element.value}</span>;
    case 'date':
      return <SlackDate timestamp={element.timestamp ?? NaN} format={element.format ?? ''} url={safeUrl(element.url ?? '')} fallback={element.fallback ?? ''} leads={false} />;
    case 'rich_text_section': return <Inline elements={element.elements ?? []} />;
    default: return element.text ?? null;
  }
}

function ColorSwatch({ value }: { value: string }) {
  return <span className="swatch" style={{ backgroundColor: /^#[0-9a-f]{3,8}$/i.test(value) ? value : undefined }} />;
}

function fromUnified(unified: string | undefined): string | undefined {
  if (!unified || !/^[0-9a-f]{2,6}(-[0-9a-f]{2,6})*$/i.test(unified)) return undefined;
  return String.fromCodePoint(...unified.split('-').map((hex) => Math.min(parseInt(hex, 16), 0x10ffff)));
}

function styled(element: RichTextNode, node: ReactNode): ReactNode {
  const style = typeof element.style === 'object' ? element.style : undefined;
  if (!style) return node;
  if (style.code) node = <code>{node}</code>;
  if (style.bold) node = <b>{node}</b>;
  if (style.italic) node = <i>{node}</i>;
  if (style.strike) node = <s>{node}</s>;
  if (style.underline) node = <u>{node}</u>;
  return node;
}
