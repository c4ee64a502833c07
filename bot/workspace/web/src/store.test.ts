import { describe, expect, test } from 'vitest';
import type { Channel, Message, State } from './protocol';
import { emptyStore, place, reduce, threadOf, timeline, toTs, unread, type Event, type Store } from './store';

const message = (ts: string, more: Partial<Message> = {}): Message => ({
  channel: 'C1', ts, thread_ts: '', user: 'U2', app: false, text: ts, blocks: null, attachments: null, ephemeral: false, edited: '',
  reactions: null, reply_count: 0, reply_users: null, deleted: false, subtype: '', ...more,
});
const channel = (id: string, more: Partial<Channel> = {}): Channel => ({ id, name: id, kind: 'channel', topic: '', user: '', member: true, bot_member: true, ...more });
const user = (id: string) => ({ id, name: id, real_name: id, is_bot: false, is_guest: false, color: '', initials: '' });
const state = (more: Partial<State> = {}): State => ({
  team: { id: 'T1', name: 'T' }, me: user('U1'), users: [], channels: [channel('C1'), channel('C2'), channel('D1', { kind: 'im', user: 'U2' })],
  commands: [], shortcuts: [], bot: { user_id: 'U9', app_id: 'A1', name: 'acm', connected: true, sockets: 1 }, messages: {}, home: null, view: null,
  suggestions: [], traffic: [], ...more,
});
const run = (events: Event[], from: Store = emptyStore(100_000)) => events.reduce(reduce, from);
const texts = (messages: Message[]) => messages.map((m) => m.text);

test('toTs', () => expect(toTs(1764020000123)).toBe('1764020000.123000'));

test('place keeps messages in order and replaces one with the same ts', () => {
  let all = [message('1.1'), message('3.1')];
  all = place(all, message('2.1'));
  all = place(all, message('3.1', { text: 'new' }));
  expect(texts(all)).toEqual(['1.1', '2.1', 'new']);
});

test('the first state opens the first channel I am in; a later one stays', () => {
  const first = run([{ type: 'state', state: state({ channels: [channel('C0', { member: false }), channel('C1'), channel('C2')] }) }]);
  expect(first.channel).toBe('C1');
  const later = run([{ type: 'open', channel: 'C2' }, { type: 'state', state: state() }], first);
  expect(later.channel).toBe('C2');
});

test('a channel I am no longer in is left', () => {
  const store = run([{ type: 'state', state: state() }, { type: 'open', channel: 'C2' }, { type: 'state', state: state({ channels: [channel('C1')] }) }]);
  expect(store.channel).toBe('C1');
});

describe('unread', () => {
  const base = run([{ type: 'state', state: state({ messages: { C2: [message('50.1', { channel: 'C2' })] } }) }]);
  test('what was there before the page was opened counts as read', () => expect(unread(base, 'C2').count).toBe(0));
  test.each<[string, Partial<Message>, { count: number; mention: boolean }]>([
    ['a message of another', {}, { count: 1, mention: false }],
    ['my own', { user: 'U1' }, { count: 0, mention: false }],
    ['a mention of me', { text: 'hi <@U1>' }, { count: 1, mention: true }],
    ['a mention of the channel', { text: '<!channel>' }, { count: 1, mention: true }],
    ['a direct message', { channel: 'D1' }, { count: 1, mention: true }],
    ['a reply in a thread', { thread_ts: '50.1' }, { count: 0, mention: false }],
    ['a message in the open channel', { channel: 'C1' }, { count: 0, mention: false }],
  ])('%s', (_, more, want) => {
    const store = run([{ type: 'message', message: message('200.1', { channel: 'C2', ...more }) }], base);
    expect(unread(store, more.channel ?? 'C2')).toEqual(want);
  });
  test('opening the channel reads it', () => {
    const store = run([{ type: 'message', message: message('200.1', { channel: 'C2' }) }, { type: 'open', channel: 'C2' }, { type: 'open', channel: 'C1' }], base);
    expect(unread(store, 'C2').count).toBe(0);
  });
  test('another user has their own', () => {
    const store = run([
      { type: 'message', message: message('200.1', { channel: 'C2' }) }, { type: 'open', channel: 'C2' }, { type: 'leave' },
      { type: 'state', state: state({ me: user('U3'), messages: { C2: [message('200.1', { channel: 'C2' })] } }) },
    ], base);
    expect(unread(store, 'C2').count).toBe(1);
  });
});

test('replies show in their thread, broadcasts and notices in the channel too', () => {
  const store = run([
    { type: 'state', state: state({ messages: { C1: [message('1.1'), message('2.1', { thread_ts: '1.1' }), message('3.1', { thread_ts: '1.1', subtype: 'thread_broadcast' })] } }) },
    { type: 'say', channel: 'C1', threadTs: '', text: 'failed', level: 'error', now: 4000 },
    { type: 'say', channel: 'C1', threadTs: '1.1', text: 'in thread', level: 'error', now: 4000 },
  ]);
  expect(texts(timeline(store, 'C1'))).toEqual(['1.1', '3.1', 'failed']);
  const { root, replies } = threadOf(store, 'C1', '1.1');
  expect(root?.ts).toBe('1.1');
  expect(texts(replies)).toEqual(['2.1', '3.1', 'in thread']);
});

test('notices outlive a state frame', () => {
  const store = run([{ type: 'state', state: state() }, { type: 'notice', level: 'error', channel: 'C1', text: 'failed' }, { type: 'state', state: state() }]);
  expect(texts(timeline(store, 'C1'))).toEqual(['failed']);
});

test('the socket decides the fate of an action, a late reply does not undo it', () => {
  const fates = (events: Event[]) => run([{ type: 'fate', id: 'a', fate: 'pending' }, ...events]).fates.a;
  expect(fates([])).toBe('pending');
  expect(fates([{ type: 'action_state', id: 'a', state: 'ok' }, { type: 'fate', id: 'a', fate: 'timeout' }])).toBe('ok');
  expect(fates([{ type: 'action_state', id: 'a', state: 'timeout' }])).toBe('timeout');
  expect(fates([{ type: 'fate', id: 'a', fate: { error: 'x' } }])).toEqual({ error: 'x' });
});

test("an app's message ends its status", () => {
  const busy = run([{ type: 'state', state: state() }, { type: 'status', channel: 'C1', thread_ts: '', text: 'is checking…' }]);
  expect(Object.values(busy.status)).toEqual(['is checking…']);
  expect(run([{ type: 'message', message: message('9.1', { app: true }) }], busy).status).toEqual({});
  expect(run([{ type: 'status', channel: 'C1', thread_ts: '', text: '' }], busy).status).toEqual({});
});

test('traffic is ordered by number, and an entry sent again replaces the first', () => {
  const entry = (n: number, ms = 0) => ({ n, at: '', dir: 'in' as const, kind: 'api', title: '', ms, body: null, reply: null });
  const store = run([{ type: 'state', state: state({ traffic: [entry(1)] }) }, { type: 'traffic', entry: entry(3) }, { type: 'traffic', entry: entry(2) }, { type: 'traffic', entry: entry(3, 7) }]);
  expect(store.state?.traffic?.map((e) => [e.n, e.ms])).toEqual([[1, 0], [2, 0], [3, 7]]);
});

test('deleting the first message of the open thread closes the thread', () => {
  const store = run([{ type: 'state', state: state({ messages: { C1: [message('1.1')] } }) }, { type: 'thread', ts: '1.1' }, { type: 'message_deleted', channel: 'C1', ts: '1.1' }]);
  expect(store.thread).toBe('');
  expect(timeline(store, 'C1')).toEqual([]);
});
