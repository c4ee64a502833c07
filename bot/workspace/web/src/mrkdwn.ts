// A parser of Slack's mrkdwn into a small tree. Nothing here produces HTML:
// the tree is rendered as React elements, so message text cannot become markup.
// https://docs.slack.dev/messaging/formatting-message-text

import { emoji } from './emoji';

export type Node =
  | { type: 'text'; text: string }
  | { type: 'break' }
  | { type: 'bold' | 'italic' | 'strike' | 'quote'; children: Node[] }
  | { type: 'code' | 'pre'; text: string }
  | { type: 'link'; url: string; label: string }
  | { type: 'user' | 'channel' | 'usergroup'; id: string; label: string }
  | { type: 'broadcast'; range: string }
  | { type: 'date'; timestamp: number; format: string; url: string; fallback: string; leads: boolean }
  | { type: 'emoji'; name: string; text: string };

/** Undoes the three escapes Slack knows. */
export function unescape(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (_, name: string) => (name === 'amp' ? '&' : name === 'lt' ? '<' : '>'));
}

/** Applies the three escapes Slack knows. */
export function escape(text: string): string {
  return text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));
}

const styles = { '*': 'bold', _: 'italic', '~': 'strike' } as const;

// Slack links a bare host name only where it ends in a domain it knows, so
// that "main.go" and "deploy.sh" stay text. This is the part of that list
// people meet; names outside it can still be written as <url|label>.
const topLevel =
  'com|net|org|edu|gov|mil|int|io|dev|app|cloud|co|ai|info|biz|me|tv|xyz|online|site|tech|shop|store|blog|page|link|live|today|systems|services|solutions|network|digital|agency|studio|eu|us|uk|ca|au|nz|de|at|ch|fr|nl|be|es|pt|it|ie|dk|se|no|fi|pl|cz|sk|hu|ro|bg|gr|tr|ru|ua|in|jp|cn|kr|hk|sg|tw|br|mx|ar|cl|za|il|ae';
const bareHost = new RegExp(
  `^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+(?:${topLevel})(?![a-z0-9_-])(?!\\.[a-z0-9_])(?::\\d{1,5})?(?:/[^\\s<>|*\`"]*)?`,
  'i',
);
const schemeUrl = /^https?:\/\/[^\s<>|`"]+/i;
const emojiToken = /^:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/i;
const word = /[\p{L}\p{N}]/u;

interface Options {
  /** Text objects with verbatim: true, and text inside labels, get no automatic links. */
  verbatim?: boolean;
}

/** Parses a message text or a mrkdwn text object. */
export function parse(source: string, options: Options = {}): Node[] {
  const nodes: Node[] = [];
  const parts = source.replace(/\r\n?/g, '\n').split('```');
  // An odd number of fences leaves the last one without a partner: literal.
  if (parts.length % 2 === 0) {
    const tail = parts.pop()!;
    parts[parts.length - 1] += '```' + tail;
  }
  parts.forEach((part, i) => {
    if (i % 2 === 1) {
      if (part.trim() === '') nodes.push({ type: 'text', text: '```' + part + '```' });
      else nodes.push({ type: 'pre', text: flatten(part.replace(/^\n/, '').replace(/\n$/, '')) });
      return;
    }
    // The line break next to a code block is the block's own edge.
    if (i > 0) part = part.replace(/^\n/, '');
    if (i < parts.length - 1) part = part.replace(/\n$/, '');
    if (part !== '') nodes.push(...lines(part, options));
  });
  return nodes;
}

/** Groups quoted lines and parses the rest line by line. */
function lines(source: string, options: Options): Node[] {
  const nodes: Node[] = [];
  const all = source.split('\n');
  let afterQuote = true; // no break before the first line
  for (let i = 0; i < all.length; i++) {
    const line = all[i]!;
    const rest = /^(?:&gt;|>){3} ?/.exec(line);
    if (rest) {
      const quoted = [line.slice(rest[0].length), ...all.slice(i + 1)];
      nodes.push({ type: 'quote', children: joined(quoted, options) });
      return nodes;
    }
    const quoted: string[] = [];
    for (let match; i < all.length && (match = /^(?:&gt;|>) ?/.exec(all[i]!)); i++) quoted.push(all[i]!.slice(match[0].length));
    if (quoted.length > 0) {
      nodes.push({ type: 'quote', children: joined(quoted, options) });
      afterQuote = true;
      i--;
      continue;
    }
    if (!afterQuote) nodes.push({ type: 'break' });
    afterQuote = false;
    nodes.push(...inline(line, options));
  }
  return nodes;
}

function joined(all: string[], options: Options): Node[] {
  return all.flatMap((line, i): Node[] => (i === 0 ? inline(line, options) : [{ type: 'break' }, ...inline(line, options)]));
}

function inline(source: string, options: Options): Node[] {
  const nodes: Node[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') nodes.push({ type: 'text', text: unescape(text) });
    text = '';
  };
  for (let i = 0; i < source.length; ) {
    const c = source[i]!;
    const before = i === 0 ? '' : source[i - 1]!;

    if (c === '<') {
      const end = source.indexOf('>', i);
      const node = end > i ? token(source.slice(i + 1, end), nodes.length === 0 && text.trim() === '') : undefined;
      if (node) {
        flush();
        nodes.push(node);
        i = end + 1;
        continue;
      }
    }

    if (c === '`' && !word.test(before)) {
      const end = source.indexOf('`', i + 1);
      if (end > i + 1 && source.slice(i + 1, end).trim() !== '' && !word.test(source[end + 1] ?? '')) {
        flush();
        nodes.push({ type: 'code', text: flatten(source.slice(i + 1, end)) });
        i = end + 1;
        continue;
      }
    }

    if (c === '*' || c === '_' || c === '~') {
      const end = closing(source, i);
      if (end > 0) {
        flush();
        nodes.push({ type: styles[c], children: inline(source.slice(i + 1, end), options) });
        i = end + 1;
        continue;
      }
    }

    if (c === ':') {
      const match = emojiToken.exec(source.slice(i));
      const glyph = match && emoji(match[1]!);
      if (match && glyph) {
        flush();
        nodes.push({ type: 'emoji', name: match[1]!, text: glyph });
        i += match[0].length;
        continue;
      }
    }

    if (!options.verbatim && !/[\w@./:-]/.test(before)) {
      const link = automaticLink(source.slice(i));
      if (link) {
        flush();
        nodes.push(link.node);
        i += link.length;
        continue;
      }
    }

    text += c;
    i++;
  }
  flush();
  return nodes;
}

/** Where the style opened at i closes; 0 if it does not. */
function closing(source: string, i: number): number {
  const c = source[i]!;
  const before = source[i - 1] ?? '';
  const after = source[i + 1] ?? '';
  if (word.test(before) || before === c || after === '' || after === c || /\s/.test(after)) return 0;
  for (let j = i + 1; j < source.length; j++) {
    if (source[j] === '<') {
      const end = source.indexOf('>', j);
      if (end > 0) j = end;
      continue;
    }
    if (source[j] === '`') {
      const end = source.indexOf('`', j + 1);
      if (end > 0) j = end;
      continue;
    }
    if (source[j] !== c || j === i + 1) continue;
    const next = source[j + 1] ?? '';
    if (!/\s/.test(source[j - 1]!) && !word.test(next) && next !== c) return j;
  }
  return 0;
}

/** What stands between < and >; undefined if Slack would not recognise it. */
function token(body: string, leads: boolean): Node | undefined {
  const bar = body.indexOf('|');
  const head = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? '' : unescape(body.slice(bar + 1));
  let match;
  if ((match = /^@([UWB][A-Z0-9]+)$/.exec(head))) return { type: 'user', id: match[1]!, label };
  if ((match = /^#([CGD][A-Z0-9]+)$/.exec(head))) return { type: 'channel', id: match[1]!, label };
  if ((match = /^!subteam\^([A-Z0-9]+)$/.exec(head))) return { type: 'usergroup', id: match[1]!, label };
  if ((match = /^!(here|channel|everyone|group)$/.exec(head))) return { type: 'broadcast', range: match[1]! };
  if ((match = /^!date\^(-?\d+)\^([^^]*)(?:\^(.*))?$/.exec(head))) {
    return {
      type: 'date', timestamp: Number(match[1]), format: unescape(match[2]!), url: safeUrl(unescape(match[3] ?? '')), fallback: label, leads,
    };
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(head)) {
    const url = unescape(head);
    return { type: 'link', url: safeUrl(url), label: label || url.replace(/^mailto:/i, '') };
  }
  return undefined;
}

function automaticLink(source: string): { node: Node; length: number } | undefined {
  const scheme = schemeUrl.exec(source);
  const match = scheme ?? bareHost.exec(source);
  if (!match) return undefined;
  // Punctuation after a URL ends the sentence, not the URL.
  const shown = match[0].replace(/(?:&(?:gt|lt);.*|[.,;:!?'")\]}*_~]+)$/, '');
  if (scheme && !/^https?:\/\/./i.test(shown)) return undefined;
  const label = unescape(shown);
  return { node: { type: 'link', url: safeUrl(scheme ? label : `http://${label}`), label }, length: shown.length };
}

/** Code shows what its tokens stand for, without making them clickable. */
function flatten(source: string): string {
  return unescape(
    source.replace(/<((?:https?|mailto):[^|>\s]*)(?:\|([^>]*))?>/gi, (_, url: string, label?: string) => label || url.replace(/^mailto:/i, '')),
  );
}

/** The URL if it is one a person may be sent to, else "": no javascript: and the like. */
export function safeUrl(url: string): string {
  try {
    const { protocol } = new URL(url);
    return protocol === 'http:' || protocol === 'https:' || protocol === 'mailto:' ? url : '';
  } catch {
    return '';
  }
}

/** Splits plain text into text and emoji: what a plain_text object with emoji shows. */
export function plain(source: string): Node[] {
  const nodes: Node[] = [];
  let last = 0;
  for (const match of source.matchAll(/:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/gi)) {
    const glyph = emoji(match[1]!);
    if (!glyph) continue;
    if (match.index > last) nodes.push({ type: 'text', text: source.slice(last, match.index) });
    nodes.push({ type: 'emoji', name: match[1]!, text: glyph });
    last = match.index + match[0].length;
  }
  if (last < source.length) nodes.push({ type: 'text', text: source.slice(last) });
  return nodes;
}

/** The text alone, for notifications and labels. */
export function plainText(nodes: Node[]): string {
  return nodes
    .map((node) => {
      switch (node.type) {
        case 'break': return '\n';
        case 'link': return node.label;
        case 'user': case 'channel': case 'usergroup': return node.label || node.id;
        case 'broadcast': return `@${node.range}`;
        case 'date': return node.fallback;
        case 'bold': case 'italic': case 'strike': case 'quote': return plainText(node.children);
        default: return node.text;
      }
    })
    .join('');
}
