import type { Channel, Command, User } from './protocol';
import { emoji, emojiNames } from './emoji';

/** What the composer can finish for the person typing. */
export type Completion =
  | { kind: 'command'; command: Command }
  | { kind: 'user'; user: User }
  | { kind: 'channel'; channel: Channel }
  | { kind: 'emoji'; name: string; text: string };

export interface Completing {
  /** Where the word being completed starts and ends. */
  from: number;
  to: number;
  items: Completion[];
}

export interface Known {
  commands: Command[];
  users: User[];
  channels: Channel[];
}

const most = 8;

/** Slack's own commands that this workspace has. */
export const builtIns: Command[] = [
  { command: '/invite', description: 'Add an app or a person to this channel', usage_hint: '@name' },
];

function matches(query: string, ...names: string[]): boolean {
  return names.some((name) => name.toLowerCase().split(/[\s_-]+/).some((part) => part.startsWith(query)) || name.toLowerCase().startsWith(query));
}

/** What can be completed with the caret at a place in the text. */
export function complete(text: string, caret: number, known: Known): Completing | undefined {
  const before = text.slice(0, caret);
  const slash = /^\/(\S*)$/.exec(before);
  if (slash) {
    const query = before.toLowerCase();
    const items = known.commands.filter((c) => c.command.toLowerCase().startsWith(query)).slice(0, most);
    return some(0, caret, items.map((command) => ({ kind: 'command', command })));
  }
  const word = /(?:^|[\s(])([@#:])([^\s@#:]*)$/.exec(before);
  if (!word) return undefined;
  const [, sign, typed = ''] = word;
  const query = typed.toLowerCase();
  const from = caret - typed.length - 1;
  if (sign === '@') {
    const users = known.users.filter((u) => matches(query, u.name, u.real_name)).map((user): Completion => ({ kind: 'user', user }));
    return some(from, caret, users.slice(0, most));
  }
  if (sign === '#') {
    const channels = known.channels.filter((c) => c.kind !== 'im' && matches(query, c.name)).map((channel): Completion => ({ kind: 'channel', channel }));
    return some(from, caret, channels.slice(0, most));
  }
  if (query.length < 2) return undefined;
  return some(from, caret, emojiNames(query, most).map((name) => ({ kind: 'emoji', name, text: emoji(name)! })));
}

function some(from: number, to: number, items: Completion[]): Completing | undefined {
  return items.length > 0 ? { from, to, items } : undefined;
}

/** The text that takes the place of the completed word. */
export function completed(item: Completion): string {
  switch (item.kind) {
    case 'command': return `${item.command.command} `;
    case 'user': return `@${item.user.name} `;
    case 'channel': return `#${item.channel.name} `;
    case 'emoji': return `:${item.name}: `;
  }
}

/** The command whose arguments are being typed, for its usage hint. */
export function commandOf(text: string, commands: Command[]): Command | undefined {
  const match = /^(\/\S+)\s/.exec(text);
  return match ? commands.find((c) => c.command === match[1]) : undefined;
}
