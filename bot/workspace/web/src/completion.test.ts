import { describe, expect, test } from 'vitest';
import { commandOf, complete, completed, type Known } from './completion';

const user = (id: string, name: string, real_name: string) => ({ id, name, real_name, is_bot: false, is_guest: false, color: '', initials: '' });
const known: Known = {
  commands: [
    { command: '/acm', description: 'Explain certificates', usage_hint: 'why <domain>' },
    { command: '/invite', description: '', usage_hint: '' },
  ],
  users: [user('U1', 'dana', 'Dana Kovač'), user('U2', 'acm-doctor', 'acm-doctor')],
  channels: [{ id: 'C1', name: 'ops-certificates', kind: 'channel', topic: '', user: '', member: true, bot_member: true }],
};
const texts = (text: string, caret = text.length) => complete(text, caret, known)?.items.map(completed);

describe('complete', () => {
  test.each<[string, string, string[] | undefined]>([
    ['commands', '/', ['/acm ', '/invite ']],
    ['a command by its start', '/ac', ['/acm ']],
    ['no command after a space', '/acm w', undefined],
    ['no command in the middle', 'hi /ac', undefined],
    ['users', 'hi @', ['@dana ', '@acm-doctor ']],
    ['a user by surname', '@kov', ['@dana ']],
    ['a user by part of a handle', '@doc', ['@acm-doctor ']],
    ['no user in a mail address', 'a@d', undefined],
    ['channels', '#cert', ['#ops-certificates ']],
    ['no emoji from one letter', ':l', undefined],
    ['no such user', '@zzz', undefined],
  ])('%s', (_, text, want) => expect(texts(text)).toEqual(want));
  test('emoji, the shortest first', () => expect(texts(':lock')?.[0]).toBe(':lock: '));
  test('the word at the caret, not at the end', () => expect(complete('@da now', 3, known)).toMatchObject({ from: 0, to: 3 }));
});

test.each([
  ['/acm why', '/acm'],
  ['/acm', undefined],
  ['/nope x', undefined],
])('commandOf(%s)', (text, want) => expect(commandOf(text, known.commands)?.command).toBe(want));
