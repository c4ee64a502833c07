import { createContext, use, useMemo, type Dispatch, type ReactNode } from 'react';
import { api, newId, type Api } from './api';
import type { Channel, Container, ElementValue, User, Values } from './protocol';
import { statusKey, type Event, type Fate, type Store } from './store';

/** What every part of the page may need. */
export interface Page {
  store: Store;
  dispatch: Dispatch<Event>;
  api: Api;
  me: User;
  user(id: string): User | undefined;
  channel(id: string): Channel | undefined;
  /** The name people know a conversation by: "#ops", or the other person's name. */
  channelTitle(id: string): string;
  /** Sends an action and returns the id its fate is kept under. */
  act(where: Container, action: ElementValue, values: Values): string;
  submit(viewId: string, values: Values): Promise<{ id: string; errors?: Record<string, string> }>;
  /** Says something in the channel on the screen that only this page shows. */
  complain(text: string): void;
  status(channel: string, threadTs: string): string;
  switchUser(id: string): void;
}

const Context = createContext<Page | null>(null);

export function usePage(): Page {
  const page = use(Context);
  if (!page) throw new Error('usePage outside of PageProvider');
  return page;
}

const nobody: User = { id: '', name: '', real_name: '', is_bot: false, is_guest: false, color: '#888', initials: '?' };

// Slack acknowledges within three seconds or shows the failure. Should the
// socket lose the word on it, the button must not spin for ever.
const longestWait = 12_000;

export function PageProvider(props: { store: Store; dispatch: Dispatch<Event>; switchUser(id: string): void; children: ReactNode }) {
  const { store, dispatch, switchUser } = props;
  const { state } = store;
  const me = state?.me ?? nobody;

  const users = useMemo(() => new Map((state?.users ?? []).map((u) => [u.id, u])), [state?.users]);
  const channels = useMemo(() => new Map((state?.channels ?? []).map((c) => [c.id, c])), [state?.channels]);
  const calls = useMemo(() => api(me.id), [me.id]);

  const page: Page = {
    store, dispatch, api: calls, me, switchUser,
    user: (id) => users.get(id),
    channel: (id) => channels.get(id),
    channelTitle(id) {
      const channel = channels.get(id);
      if (!channel) return id;
      if (channel.kind !== 'im') return `#${channel.name}`;
      const peer = users.get(channel.user);
      return peer?.real_name || peer?.name || channel.name;
    },
    act(where, action, values) {
      const id = newId();
      dispatch({ type: 'fate', id, fate: 'pending' });
      const settle = (fate: Fate) => dispatch({ type: 'fate', id, fate });
      setTimeout(() => settle('timeout'), longestWait);
      void calls.action(id, where, action, values).then((reply) => {
        if (!reply.ok) settle({ error: reply.error ?? 'The workspace did not take this.' });
      });
      return id;
    },
    async submit(viewId, values) {
      const id = newId();
      dispatch({ type: 'fate', id, fate: 'pending' });
      const reply = await calls.submit(id, viewId, values);
      if (reply.ok) {
        dispatch({ type: 'fate', id, fate: 'ok' });
        return { id, errors: reply.errors };
      }
      dispatch({ type: 'fate', id, fate: { error: reply.error ?? 'The workspace did not take this.' } });
      return { id };
    },
    complain: (text) => dispatch({ type: 'say', channel: store.channel, threadTs: store.thread, text, level: 'error', now: Date.now() }),
    status: (channel, threadTs) => store.status[statusKey(channel, threadTs)] ?? '',
  };
  return <Context value={page}>{props.children}</Context>;
}
