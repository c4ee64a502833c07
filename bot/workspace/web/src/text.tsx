import { useState, type ReactNode } from 'react';
import { usePage } from './page';
import { parse, plain, type Node } from './mrkdwn';
import type { TextObject } from './protocol';
import { fullTime, slackDate } from './slackdate';
import { Check, Copy } from './icons';

/** A message text or mrkdwn text object. */
export function Mrkdwn({ text, verbatim }: { text: string; verbatim?: boolean }) {
  return <Nodes nodes={parse(text, { verbatim })} />;
}

/** A text object of either type. */
export function Text({ of }: { of: TextObject | string | undefined }) {
  if (of === undefined || of === null) return null;
  if (typeof of === 'string') return <Plain text={of} />;
  if (of.type === 'mrkdwn') return <Mrkdwn text={of.text ?? ''} verbatim={of.verbatim} />;
  return <Plain text={of.text ?? ''} emoji={of.emoji} />;
}

/** Plain text: line breaks and emoji, nothing else. */
export function Plain({ text, emoji = true }: { text: string; emoji?: boolean }) {
  return <span className="pre-line">{emoji ? <Nodes nodes={plain(text)} /> : text}</span>;
}

/** The string of a text object, for attributes and labels. */
export function textOf(of: TextObject | string | undefined): string {
  const text = typeof of === 'string' ? of : (of?.text ?? '');
  return plain(text).map((node) => ('text' in node ? node.text : '')).join('');
}

export function Nodes({ nodes }: { nodes: Node[] }) {
  return nodes.map((node, i) => <One key={i} node={node} />);
}

function One({ node }: { node: Node }): ReactNode {
  switch (node.type) {
    case 'text': return node.text;
    case 'break': return <br />;
    case 'bold': return <b><Nodes nodes={node.children} /></b>;
    case 'italic': return <i><Nodes nodes={node.children} /></i>;
    case 'strike': return <s><Nodes nodes={node.children} /></s>;
    case 'quote': return <blockquote><Nodes nodes={node.children} /></blockquote>;
    case 'code': return <code>{node.text}</code>;
    case 'pre': return <Preformatted text={node.text} />;
    case 'emoji': return <Emoji name={node.name} text={node.text} />;
    case 'link': return <Link url={node.url}>{node.label}</Link>;
    case 'user': return <UserMention id={node.id} label={node.label} />;
    case 'channel': return <ChannelMention id={node.id} label={node.label} />;
    case 'usergroup': return <span className="mention">{node.label || `@${node.id}`}</span>;
    case 'broadcast': return <span className="mention self">@{node.range}</span>;
    case 'date': return <SlackDate {...node} />;
  }
}

export function Emoji({ name, text }: { name: string; text: string }) {
  return <span className="emoji" role="img" aria-label={name.replaceAll('_', ' ')} title={`:${name}:`}>{text}</span>;
}

export function Link({ url, children }: { url: string; children: ReactNode }) {
  if (!url) return <>{children}</>;
  return <a href={url} target="_blank" rel="noopener noreferrer">{children}</a>;
}

export function UserMention({ id, label }: { id: string; label?: string }) {
  const page = usePage();
  const user = page.user(id);
  const name = user?.real_name || user?.name || label?.replace(/^@/, '') || id;
  return <span className={id === page.me.id ? 'mention self' : 'mention'} data-user={id}>@{name}</span>;
}

export function ChannelMention({ id, label }: { id: string; label?: string }) {
  const { channel, dispatch } = usePage();
  const known = channel(id);
  const name = known?.name ?? label;
  if (!name) return <span className="mention">private channel</span>;
  if (!known?.member) return <span className="mention">#{name}</span>;
  return <button type="button" className="mention link" onClick={() => dispatch({ type: 'open', channel: id })}>#{name}</button>;
}

export function SlackDate(props: { timestamp: number; format: string; url: string; fallback: string; leads: boolean }) {
  let text = slackDate(props.timestamp, props.format, props.fallback);
  if (props.leads) text = text.charAt(0).toUpperCase() + text.slice(1);
  const date = new Date(props.timestamp * 1000);
  if (Number.isNaN(date.getTime())) return <>{text}</>;
  const time = <time dateTime={date.toISOString()} title={fullTime(date)}>{text}</time>;
  return props.url ? <Link url={props.url}>{time}</Link> : time;
}

/** A code block, with Slack's copy button on hover. */
export function Preformatted({ text, children, border }: { text: string; children?: ReactNode; border?: boolean }) {
  return (
    <div className={border === false ? 'code-block borderless' : 'code-block'}>
      <pre tabIndex={0}>{children ?? text}</pre>
      <CopyButton text={text} />
    </div>
  );
}

export function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="copy"
      data-qa="copy"
      aria-label={copied ? 'Copied' : 'Copy to clipboard'}
      title={copied ? 'Copied' : 'Copy'}
      onClick={() => void copy(text).then(() => setCopied(true))}
      onMouseLeave={() => setCopied(false)}
      onBlur={() => setCopied(false)}
    >
      {copied ? <Check /> : <Copy />}
    </button>
  );
}

/** Copies text, also where the clipboard API is missing: over plain HTTP. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}
