import type { Container, ElementValue, Option, OptionGroup, Values } from './protocol';

export interface Reply {
  ok: boolean;
  error?: string;
  errors?: Record<string, string>;
  options?: Option[];
  option_groups?: OptionGroup[];
}

// crypto.randomUUID exists only in secure contexts, and the workspace may be
// opened over plain HTTP from another machine.
let sequence = 0;
export function newId(): string {
  sequence += 1;
  return `a${Date.now().toString(36)}${sequence}`;
}

async function post(path: string, body: object, signal?: AbortSignal): Promise<Reply> {
  let response: Response;
  try {
    response = await fetch(`/ui/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    return { ok: false, error: 'The workspace could not be reached. Is it still running?' };
  }
  try {
    return (await response.json()) as Reply;
  } catch {
    return { ok: false, error: `The workspace answered with HTTP status ${response.status} and no explanation.` };
  }
}

export interface Api {
  send(channel: string, threadTs: string, text: string): Promise<Reply>;
  action(id: string, where: Container, action: ElementValue, values: Values): Promise<Reply>;
  options(where: Container, actionId: string, blockId: string, value: string, signal: AbortSignal): Promise<Reply>;
  submit(id: string, viewId: string, values: Values): Promise<Reply>;
  close(viewId: string): Promise<Reply>;
  shortcut(callbackId: string, at?: { channel: string; ts?: string }): Promise<Reply>;
  home(): Promise<Reply>;
  join(channel: string, who: string): Promise<Reply>;
}

/** The POST half of the browser API, spoken as one user. */
export function api(user: string): Api {
  return {
    send: (channel, thread_ts, text) => post('send', { user, channel, thread_ts, text }),
    action: (id, where, action, values) => post('action', { user, id, ...where, action, state: { values } }),
    options: (where, action_id, block_id, value, signal) =>
      post('options', { user, ...where, action_id, block_id, value }, signal),
    submit: (id, view_id, values) => post('submit', { user, id, view_id, state: { values } }),
    close: (view_id) => post('close', { user, view_id }),
    shortcut: (callback_id, at) => post('shortcut', { user, callback_id, ...at }),
    home: () => post('home', { user }),
    join: (channel, who) => post('join', { user, channel, who }),
  };
}
