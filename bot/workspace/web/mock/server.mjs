// A mock of the embedded workspace for work on the page alone: it serves the
// built page and enough of the browser API to try everything on it.
//   npm run build && npm run mock     then open http://127.0.0.1:4390/

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import * as world from './world.mjs';

const port = Number(process.env.PORT ?? 4390);
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css' };
const { users, botUser } = world;
const ims = users.map((u) => ({ id: `D${u.id.slice(1)}`, owner: u.id, name: '', kind: 'im', topic: '', user: botUser.id, bot_member: true }));
const sockets = new Map();
const messages = [];
const views = new Map(); // user → stack
let last = Math.floor(Date.now() / 1000) - 7200;
let serial = 0;
let traffic = [];

function ts(at) {
  last = Math.max(last + 1, at ?? Math.floor(Date.now() / 1000));
  serial += 1;
  return `${last}.${String(serial).padStart(6, '0')}`;
}

function message(channel, user, text, more = {}) {
  const m = {
    channel, user, text, ts: more.ts ?? ts(more.at), thread_ts: '', app: user === botUser.id, blocks: null, attachments: null, ephemeral: false, edited: '',
    reactions: [], reply_count: 0, reply_users: [], deleted: false, subtype: '', ...more,
  };
  const at = messages.findIndex((x) => x.ts === m.ts && x.channel === channel);
  if (at >= 0) messages[at] = m;
  else messages.push(m);
  everyone(channel, m.only, { type: 'message', message: m });
  const root = m.thread_ts && m.thread_ts !== m.ts && messages.find((x) => x.ts === m.thread_ts && x.channel === channel);
  if (root && at < 0 && !m.ephemeral) {
    root.reply_count += 1;
    root.reply_users = [...new Set([...root.reply_users, user])];
    everyone(channel, undefined, { type: 'message', message: root });
  }
  return m;
}

const sees = (user, channel) => {
  const im = ims.find((c) => c.id === channel);
  return im ? im.owner === user : user !== 'U0AKIT0001' || channel === 'C0AOPSCERT';
};

function everyone(channel, only, frame) {
  for (const [socket, user] of sockets) if ((!only || only === user) && sees(user, channel)) socket.send(JSON.stringify(frame));
}

function to(user, frame) {
  for (const [socket, who] of sockets) if (who === user) socket.send(JSON.stringify(frame));
}

function log(dir, kind, title, body, reply = null, ms = 0) {
  const entry = { n: traffic.length + 1, at: new Date().toISOString(), dir, kind, title, ms, body, reply };
  traffic.push(entry);
  for (const [socket] of sockets) socket.send(JSON.stringify({ type: 'traffic', entry }));
}

function state(user) {
  const me = users.find((u) => u.id === user) ?? users[0];
  const channels = [
    ...world.channels.filter((c) => sees(me.id, c.id)).map((c) => ({ ...c, user: '', member: me.id === 'U0ADANA001' || c.id === 'C0AOPSCERT' })),
    ...ims.filter((c) => c.owner === me.id).map((c) => ({ ...c, member: true })),
  ];
  return {
    team: { id: 'T0AEXAMPLE', name: 'Example' }, me, users: [...users, botUser], channels,
    commands: [{ command: '/acm', description: 'Why a certificate did not renew', usage_hint: 'why <domain> | list | digest | help' }],
    shortcuts: [{ callback_id: 'acm_message', name: 'Diagnose certificate', type: 'message', description: 'Check the domains in this message' }, { callback_id: 'acm_ask', name: 'Diagnose a certificate', type: 'global', description: 'Ask about a domain' }],
    bot: { user_id: botUser.id, app_id: 'A0AACMBOT1', name: 'acm-doctor', connected: true, sockets: 2 },
    messages: Object.fromEntries(channels.map((c) => [c.id, messages.filter((m) => m.channel === c.id && (!m.only || m.only === me.id))])),
    home: world.homeView, view: views.get(me.id)?.at(-1) ?? null,
    suggestions: ['/acm why shop.example.com', '/acm list', '/acm help', '@acm-doctor is www.example.com fine?', '/acm slow', '/acm fail'],
    traffic: traffic.slice(-200),
  };
}

function push(user, view) {
  const stack = views.get(user) ?? [];
  stack.push({ ...view, id: `V${(serial += 1)}`, hash: 'h' });
  views.set(user, stack);
  to(user, { type: 'view', view: stack.at(-1), stack: stack.length });
}

function pop(user, all) {
  const stack = all ? [] : (views.get(user) ?? []).slice(0, -1);
  views.set(user, stack);
  to(user, { type: 'view', view: stack.at(-1) ?? null, stack: stack.length });
}

const later = (ms, f) => setTimeout(f, ms);
const names = ['shop.example.com', 'www.example.com', 'login.example.com', 'api.example.com', '*.api.example.com', 'legacy.example.net'];

const posts = {
  send({ user, channel, thread_ts, text }) {
    if (!text.startsWith('/')) {
      message(channel, user, text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]).replace('@acm-doctor', `<@${botUser.id}>`), { thread_ts });
      if (text.includes('@acm-doctor') || channel.startsWith('D')) {
        to(user, { type: 'status', channel, thread_ts, text: 'is checking www.example.com…' });
        later(1200, () => message(channel, botUser.id, 'www.example.com is fine', { thread_ts, blocks: world.help.blocks }));
      }
      return {};
    }
    if (thread_ts) return { ok: false, error: '/acm is not supported in threads. Sorry!' };
    log('out', 'envelope', `slash_commands ${text}`, { envelope_id: 'e1', type: 'slash_commands', accepts_response_payload: true, payload: { command: '/acm', text, user_id: user, channel_id: channel } }, { envelope_id: 'e1' }, 3);
    const only = user;
    if (text.includes('fail')) {
      later(800, () => to(user, { type: 'notice', level: 'error', channel, text: '/acm failed with the error "operation_timeout"' }));
    } else if (text.includes('digest')) {
      push(user, world.subscribeView());
    } else {
      const m = message(channel, botUser.id, 'Checking…', { ephemeral: true, only, blocks: [{ type: 'context', block_id: 'c', elements: [{ type: 'mrkdwn', text: ':hourglass_flowing_sand: Checking `shop.example.com`…' }] }] });
      later(text.includes('slow') ? 5000 : 900, () => {
        log('in', 'response_url', 'POST response_url', { replace_original: true, blocks: world.diagnosis }, { ok: true }, 1);
        message(channel, botUser.id, 'shop.example.com cannot renew', { ts: m.ts, ephemeral: true, only, blocks: text.includes('list') ? world.digest : text.includes('help') ? world.help.blocks : world.diagnosis });
      });
    }
    return {};
  },
  action({ user, id, action, channel, ts: at }) {
    log('out', 'envelope', `interactive block_actions ${action.action_id}`, { envelope_id: 'e2', type: 'interactive', payload: { type: 'block_actions', actions: [action] } }, { envelope_id: 'e2' }, 4);
    if (action.action_id === 'slow' || action.action_id === 'more') {
      later(3000, () => to(user, { type: 'action_state', id, state: 'timeout' }));
      return {};
    }
    later(600, () => {
      to(user, { type: 'action_state', id, state: 'ok' });
      if (action.action_id === 'evidence' || action.action_id === 'deeper') push(user, world.evidenceView);
      if (action.action_id.startsWith('digest') || action.action_id === 'subscribe') push(user, world.subscribeView());
      if (action.action_id === 'share') message(channel, botUser.id, 'shop.example.com cannot renew', { blocks: world.diagnosis.slice(0, 3) });
      if (action.action_id === 'recheck') {
        const m = messages.find((x) => x.ts === at);
        message(channel, botUser.id, 'Still missing', { ...m, edited: new Date().toISOString() });
      }
    });
    return {};
  },
  options({ value }) {
    return { options: names.filter((n) => n.includes(value)).map((n) => ({ text: { type: 'plain_text', text: n }, value: n, description: { type: 'plain_text', text: 'eu-central-1 · shop-production' } })) };
  },
  async submit({ user, state: { values } }) {
    log('out', 'envelope', 'interactive view_submission', { type: 'view_submission', state: { values } }, { envelope_id: 'e3' }, 5);
    await new Promise((resolve) => later(700, resolve));
    if (!values.where || values.where.channel.selected_conversation === 'C0APLATFRM') return { errors: { where: 'acm-doctor is not in #platform. Invite it there first.' } };
    pop(user, true);
    return {};
  },
  close({ user }) { pop(user); return {}; },
  shortcut({ user }) { push(user, world.subscribeView()); return {}; },
  home({ user }) { later(300, () => to(user, { type: 'home', view: world.homeView })); return {}; },
  join({ channel, who }) {
    const c = world.channels.find((x) => x.id === channel);
    if (who === botUser.id && c) c.bot_member = true;
    for (const [socket, user] of sockets) socket.send(JSON.stringify({ type: 'state', state: state(user) }));
    return {};
  },
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (request.method === 'POST' && url.pathname.startsWith('/ui/')) {
    let body = '';
    for await (const chunk of request) body += chunk;
    const reply = { ok: true, ...(await posts[url.pathname.slice(4)]?.(JSON.parse(body))) };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply));
    return;
  }
  const file = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);
  try {
    if (!/^[a-z]+(\/[a-z]+)?\.[a-z]+$/.test(file)) throw new Error('no such file');
    response.writeHead(200, { 'Content-Type': types[file.split('.').at(-1)] ?? 'application/octet-stream' }).end(await readFile(dist + file));
  } catch {
    response.writeHead(404).end();
  }
});

new WebSocketServer({ server, path: '/ui/socket' }).on('connection', (socket, request) => {
  const user = new URL(request.url, 'http://localhost').searchParams.get('user') || users[0].id;
  sockets.set(socket, user);
  socket.on('close', () => sockets.delete(socket));
  socket.send(JSON.stringify({ type: 'state', state: state(user) }));
});

function seed() {
  const base = Math.floor(Date.now() / 1000) - 90000;
  const c = 'C0AOPSCERT';
  message(c, 'U0ASAM0001', 'Morning! Anybody looked at the browser warning on shop.example.com?', { at: base });
  message(c, 'U0ASAM0001', 'It says the certificate expires *this week*.', { at: base + 40 });
  const root = message(c, botUser.id, '3 certificates need a human', { at: base + 600, blocks: world.digest, reactions: [{ name: 'eyes', users: ['U0ADANA001', 'U0ALEE0001'] }, { name: 'white_check_mark', users: ['U0ASAM0001'] }] });
  message(c, 'U0ALEE0001', 'I take `legacy.example.net`', { thread_ts: root.ts, at: base + 700 });
  message(c, botUser.id, 'Renewed at last', { thread_ts: root.ts, at: base + 800, blocks: [{ type: 'section', block_id: 'x', text: { type: 'mrkdwn', text: ':white_check_mark: *legacy.example.net* was renewed.' } }] });
  message(c, 'U0ADANA001', '<@U0ALEE0001> thanks! <@U0AACMBOT1> is great :heart:', { at: base + 86000 });
  message(c, 'U0ALEE0001', '<@U0ADANA001> see <#C0APLATFRM|platform> too', { at: base + 86100 });
  if (process.env.EVERYTHING) message(c, botUser.id, 'everything', { at: base + 86200, blocks: world.everything, attachments: [{ color: 'danger', blocks: [{ type: 'section', block_id: 'q', text: { type: 'mrkdwn', text: '*In an attachment* with a colour' } }] }] });
  message(c, botUser.id, 'shop.example.com cannot renew', { at: base + 88000, ephemeral: true, only: 'U0ADANA001', blocks: world.diagnosis });
  message('D0ADANA001', botUser.id, 'Hello', { at: base + 100, blocks: world.help.blocks });
  log('in', 'api', 'apps.connections.open', {}, { ok: true, url: 'wss://127.0.0.1/link' }, 2);
  log('in', 'socket', 'hello', { type: 'hello', num_connections: 1, connection_info: { app_id: 'A0AACMBOT1' } });
  log('in', 'api', 'chat.postMessage', { channel: c, blocks: world.digest }, { ok: true, ts: root.ts }, 3);
  log('in', 'api', 'views.publish', { user_id: 'U0ADANA001' }, { ok: false, error: 'invalid_blocks', response_metadata: { messages: ['[ERROR] must be more than 0 characters [json-pointer:/view/blocks/0/text]'] } }, 1);
}

seed();
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
