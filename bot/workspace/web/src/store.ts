import type { Frame, Message, State, View } from './protocol';
import type { Link } from './socket';

/** The fate of something a person pressed: unknown yet, taken, or not. */
export type Fate = 'pending' | 'ok' | 'timeout' | { error: string };

/** All the page knows. Everything on the screen is a function of it. */
export interface Store {
  state?: State;
  /** The modal on top, and how many are stacked. */
  view: View | null;
  stack: number;
  link: Link;
  channel: string;
  thread: string;
  homeTab: boolean;
  /** What an app says it is doing, by channel and thread ("C1 1764.1"). */
  status: Record<string, string>;
  fates: Record<string, Fate>;
  /** Lines of the page's own, which a state frame does not know of. */
  notices: Message[];
  /** By "user channel": the newest ts that user has seen. */
  read: Record<string, string>;
  /** When the page was opened, as a ts: what is older counts as read. */
  opened: string;
}

export type Event =
  | Frame
  | { type: 'link'; link: Link }
  | { type: 'open'; channel: string; home?: boolean }
  | { type: 'thread'; ts: string }
  | { type: 'tab'; home: boolean }
  | { type: 'fate'; id: string; fate: Fate }
  | { type: 'say'; channel: string; threadTs: string; text: string; level: 'error' | 'info'; now: number }
  | { type: 'dismiss'; ts: string }
  | { type: 'leave' };

export function emptyStore(now: number): Store {
  return {
    view: null, stack: 0, link: { up: false, retryAt: 0 }, channel: '', thread: '', homeTab: false,
    status: {}, fates: {}, notices: [], read: {}, opened: toTs(now),
  };
}

const trafficKept = 500;
const fatesKept = 50;

/** A Slack ts of a time in milliseconds. */
export function toTs(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(Math.floor((ms % 1000) * 1000)).padStart(6, '0')}`;
}

/** Orders ts values: as numbers first, since their fractions may differ in length. */
export function compareTs(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0);
}

export const statusKey = (channel: string, threadTs: string) => `${channel} ${threadTs}`;

/** Puts a message in its place by ts; one with the same ts is replaced. */
export function place(messages: readonly Message[], message: Message): Message[] {
  const at = messages.findIndex((m) => m.ts === message.ts);
  if (at >= 0) return message.deleted && message.ephemeral ? messages.filter((_, i) => i !== at) : messages.with(at, message);
  if (message.deleted) return [...messages];
  const next = [...messages, message];
  return next.sort((a, b) => compareTs(a.ts, b.ts));
}

export function reduce(store: Store, event: Event): Store {
  switch (event.type) {
    case 'state':
      return withState(store, event.state);
    case 'message': {
      if (!store.state) return store;
      const { message } = event;
      const messages = { ...store.state.messages, [message.channel]: place(store.state.messages[message.channel] ?? [], message) };
      const next = { ...store, state: { ...store.state, messages } };
      // An app's message ends what it said it was doing there.
      return seen(message.app ? withoutStatus(next, message) : next);
    }
    case 'message_deleted': {
      if (!store.state) return store;
      const left = (store.state.messages[event.channel] ?? []).filter((m) => m.ts !== event.ts);
      return {
        ...store,
        thread: store.thread === event.ts && store.channel === event.channel ? '' : store.thread,
        state: { ...store.state, messages: { ...store.state.messages, [event.channel]: left } },
      };
    }
    case 'view':
      return { ...store, view: event.view, stack: event.view ? (event.stack ?? 1) : 0 };
    case 'home':
      return store.state ? { ...store, state: { ...store.state, home: event.view } } : store;
    case 'status': {
      const status = { ...store.status };
      const key = statusKey(event.channel, event.thread_ts);
      if (event.text) status[key] = event.text;
      else delete status[key];
      return { ...store, status };
    }
    case 'notice':
      return say(store, event.channel, event.thread_ts ?? '', event.text, event.level, Date.now());
    case 'say':
      return say(store, event.channel, event.threadTs, event.text, event.level, event.now);
    case 'dismiss':
      return { ...store, notices: store.notices.filter((m) => m.ts !== event.ts) };
    case 'action_state':
      return withFate(store, event.id, event.state);
    case 'fate':
      // The socket's word is final: a late reply to the POST does not undo it.
      if (event.fate !== 'pending' && store.fates[event.id] !== 'pending') return store;
      return withFate(store, event.id, event.fate);
    case 'traffic': {
      if (!store.state) return store;
      const rest = (store.state.traffic ?? []).filter((e) => e.n !== event.entry.n);
      const traffic = [...rest, event.entry].sort((a, b) => a.n - b.n).slice(-trafficKept);
      return { ...store, state: { ...store.state, traffic } };
    }
    case 'link':
      return { ...store, link: event.link };
    case 'open':
      return seen({ ...store, channel: event.channel, thread: '', homeTab: event.home ?? false });
    case 'thread':
      return { ...store, thread: event.ts };
    case 'tab':
      return seen({ ...store, homeTab: event.home });
    case 'leave':
      return { ...emptyStore(Number(store.opened) * 1000), opened: store.opened, read: store.read, link: store.link };
  }
}

function withState(store: Store, state: State): Store {
  const open = state.channels.filter((c) => c.member);
  const stays = state.channels.some((c) => c.id === store.channel);
  const first = open.find((c) => c.kind !== 'im') ?? open[0];
  return seen({
    ...store,
    state,
    view: state.view,
    stack: state.view ? (state.stack ?? Math.max(store.stack, 1)) : 0,
    status: state.statuses ? Object.fromEntries(state.statuses.map((s) => [statusKey(s.channel, s.thread_ts), s.text])) : store.status,
    channel: stays ? store.channel : (first?.id ?? ''),
    thread: stays ? store.thread : '',
    homeTab: stays && store.homeTab,
  });
}

/** Marks the channel on the screen as read. */
function seen(store: Store): Store {
  if (!store.state || store.homeTab) return store;
  const newest = (store.state.messages[store.channel] ?? []).at(-1)?.ts;
  const key = `${store.state.me.id} ${store.channel}`;
  if (!newest || store.read[key] === newest) return store;
  return { ...store, read: { ...store.read, [key]: newest } };
}

function withoutStatus(store: Store, message: Message): Store {
  const key = statusKey(message.channel, message.thread_ts);
  if (!(key in store.status)) return store;
  const status = { ...store.status };
  delete status[key];
  return { ...store, status };
}

function withFate(store: Store, id: string, fate: Fate): Store {
  const kept = Object.entries(store.fates).filter(([other]) => other !== id).slice(-fatesKept);
  return { ...store, fates: { ...Object.fromEntries(kept), [id]: fate } };
}

function say(store: Store, channel: string, threadTs: string, text: string, level: 'error' | 'info', now: number): Store {
  const notice: Message = {
    channel, ts: freeTs(store.notices, now), thread_ts: threadTs, user: 'USLACKBOT', app: false, text, blocks: null, attachments: null,
    ephemeral: true, edited: '', reactions: null, reply_count: 0, reply_users: null, deleted: false, subtype: '', notice: level,
  };
  return { ...store, notices: [...store.notices, notice] };
}

function freeTs(notices: readonly Message[], now: number): string {
  const taken = new Set(notices.map((m) => m.ts));
  let ts = toTs(now);
  while (taken.has(ts)) ts = toTs((now += 1));
  return ts;
}

export interface Unread {
  count: number;
  mention: boolean;
}

/** Messages of others in a channel that me has not seen; those in threads do not count. */
export function unread(store: Store, channel: string): Unread {
  const state = store.state;
  if (!state) return { count: 0, mention: false };
  const last = store.read[`${state.me.id} ${channel}`] ?? store.opened;
  const isIm = state.channels.find((c) => c.id === channel)?.kind === 'im';
  let count = 0;
  let mention = false;
  for (const m of state.messages[channel] ?? []) {
    if (compareTs(m.ts, last) <= 0 || m.user === state.me.id || m.deleted || (m.thread_ts && m.thread_ts !== m.ts)) continue;
    count++;
    mention ||= isIm || m.text.includes(`<@${state.me.id}`) || /<!(here|channel|everyone)>/.test(m.text);
  }
  return { count, mention };
}

/** What a channel shows, oldest first: replies stay in their threads. */
export function timeline(store: Store, channel: string): Message[] {
  return merged(store, channel, (m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === 'thread_broadcast');
}

/** A thread's first message, if it is known, and its replies. */
export function threadOf(store: Store, channel: string, ts: string): { root?: Message; replies: Message[] } {
  const all = merged(store, channel, (m) => m.ts === ts || m.thread_ts === ts);
  return { root: all.find((m) => m.ts === ts), replies: all.filter((m) => m.ts !== ts) };
}

function merged(store: Store, channel: string, keep: (m: Message) => boolean): Message[] {
  const messages = (store.state?.messages[channel] ?? []).filter(keep);
  const notices = store.notices.filter((m) => m.channel === channel && keep(m));
  return notices.length === 0 ? messages : [...messages, ...notices].sort((a, b) => compareTs(a.ts, b.ts));
}
