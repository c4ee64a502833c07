import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { useReducer } from 'react';
import { PageProvider } from '../page';
import type { Block, Element, State, View } from '../protocol';
import { emptyStore, reduce, type Event } from '../store';
import { SurfaceProvider } from '../surfaces';
import { Modal } from '../modal';
import { Blocks } from './blocks';
import { niceStep } from './chart';

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const option = (text: string) => ({ text: plain(text), value: text.toLowerCase() });
const actions = (...elements: Element[]): Block => ({ type: 'actions', block_id: 'b', elements: elements as Block['elements'] });

const state: State = {
  team: { id: 'T', name: 'T' }, me: { id: 'U1', name: 'dana', real_name: 'Dana', is_bot: false, is_guest: false, color: '', initials: 'D' },
  users: [{ id: 'U2', name: 'lee', real_name: 'Lee', is_bot: false, is_guest: false, color: '', initials: 'L' }],
  channels: [{ id: 'C1', name: 'ops', kind: 'channel', topic: '', user: '', member: true, bot_member: true }],
  commands: [], shortcuts: [], bot: { user_id: 'U9', app_id: 'A', name: 'acm', connected: true, sockets: 1 }, messages: {}, home: null, view: null, suggestions: [], traffic: [],
};

let dispatch: (event: Event) => void;

function Harness({ blocks, view }: { blocks?: Block[]; view?: View }) {
  const [store, send] = useReducer(reduce, undefined, () => reduce(emptyStore(0), { type: 'state', state }));
  dispatch = send;
  return (
    <PageProvider store={store} dispatch={send} switchUser={() => {}}>
      {blocks && <SurfaceProvider kind="message" where={{ channel: 'C1', ts: '1.1' }} blocks={blocks} channel="C1"><Blocks blocks={blocks} /></SurfaceProvider>}
      {view && <Modal view={view} stack={1} />}
    </PageProvider>
  );
}

/** The bodies POSTed so far, by the last part of their path. */
let posted: [string, Record<string, unknown>][];
let answers: Record<string, object>;

beforeEach(() => {
  posted = [];
  answers = {};
  vi.stubGlobal('fetch', async (path: string, init: { body: string }) => {
    const name = path.split('/').at(-1)!;
    posted.push([name, JSON.parse(init.body)]);
    return new Response(JSON.stringify({ ok: true, ...answers[name] }));
  });
  vi.stubGlobal('ResizeObserver', class { observe() {} unobserve() {} disconnect() {} });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const lastAction = () => posted.filter(([name]) => name === 'action').at(-1)?.[1];

describe('a button', () => {
  const button: Element = { type: 'button', action_id: 'go', text: plain('Go'), value: 'v' };

  test('sends its action, spins until it is taken, and marks what was not', async () => {
    render(<Harness blocks={[actions(button)]} />);
    fireEvent.click(screen.getByRole('button', { name: 'Go' }));
    expect(lastAction()).toMatchObject({ user: 'U1', channel: 'C1', ts: '1.1', action: { type: 'button', action_id: 'go', block_id: 'b', value: 'v', text: plain('Go') }, state: { values: {} } });
    const pressed = screen.getByRole('button', { name: 'Go' });
    expect(pressed.getAttribute('aria-busy')).toBe('true');
    fireEvent.click(pressed);
    expect(posted).toHaveLength(1);

    const id = lastAction()!.id as string;
    dispatch({ type: 'action_state', id, state: 'timeout' });
    expect(await screen.findByRole('img', { name: /did not respond/ })).toBeTruthy();

    fireEvent.click(screen.getByRole('button', { name: 'Go' }));
    dispatch({ type: 'action_state', id: lastAction()!.id as string, state: 'ok' });
    await waitFor(() => expect(screen.getByRole('button', { name: 'Go' }).getAttribute('aria-busy')).toBeNull());
    expect(screen.queryByRole('img', { name: /did not respond/ })).toBeNull();
  });

  test('says what the workspace says when it refuses', async () => {
    answers.action = { ok: false, error: 'There is no such element any more.' };
    render(<Harness blocks={[actions(button)]} />);
    fireEvent.click(screen.getByRole('button', { name: 'Go' }));
    expect(await screen.findByRole('img', { name: 'There is no such element any more.' })).toBeTruthy();
  });

  test('with a confirm dialog sends nothing before the answer', async () => {
    const confirm = { title: plain('Sure?'), text: plain('Really'), confirm: plain('Do it'), deny: plain('No') };
    render(<Harness blocks={[actions({ ...button, confirm })]} />);
    fireEvent.click(screen.getByRole('button', { name: 'Go' }));
    fireEvent.click(await screen.findByText('No'));
    expect(posted).toEqual([]);
    fireEvent.click(screen.getByRole('button', { name: 'Go' }));
    fireEvent.click(await screen.findByText('Do it'));
    expect(lastAction()).toMatchObject({ action: { action_id: 'go' } });
  });

  test.each([
    ['https://a.test/', 'https://a.test/'],
    ['javascript:alert(1)', null],
  ])('with the URL %s links to %s and sends its action too', (url, href) => {
    render(<Harness blocks={[actions({ ...button, url })]} />);
    const link = screen.getByRole('button', { name: 'Go' });
    expect(link.getAttribute('href')).toBe(href);
    fireEvent.click(link);
    expect(lastAction()).toMatchObject({ action: { action_id: 'go' } });
  });
});

test('a select sends the chosen option, and the state sent holds it already', async () => {
  render(<Harness blocks={[actions({ type: 'static_select', action_id: 'pick', placeholder: plain('Pick'), options: [option('One'), option('Two')] })]} />);
  fireEvent.click(screen.getByRole('button', { name: 'Pick' }));
  fireEvent.change(await screen.findByRole('combobox'), { target: { value: 'tw' } });
  fireEvent.click(screen.getByRole('option', { name: 'Two' }));
  const chosen = { type: 'static_select', selected_option: option('Two') };
  expect(lastAction()).toMatchObject({ action: { ...chosen, action_id: 'pick', block_id: 'b' }, state: { values: { b: { pick: chosen } } } });
});

test('an external select asks the app as one types, from min_query_length on', async () => {
  answers.options = { options: [option('Shop')] };
  render(<Harness blocks={[actions({ type: 'external_select', action_id: 'find', min_query_length: 2, placeholder: plain('Find') })]} />);
  fireEvent.click(screen.getByRole('button', { name: 'Find' }));
  const search = await screen.findByRole('combobox');
  fireEvent.change(search, { target: { value: 's' } });
  expect(screen.getByText('Type at least 2 characters to search')).toBeTruthy();
  fireEvent.change(search, { target: { value: 'sh' } });
  fireEvent.click(await screen.findByRole('option', { name: 'Shop' }));
  expect(posted[0]).toEqual(['options', { user: 'U1', channel: 'C1', ts: '1.1', action_id: 'find', block_id: 'b', value: 'sh' }]);
  expect(lastAction()).toMatchObject({ action: { selected_option: option('Shop') } });
});

test('an overflow menu sends the option', async () => {
  render(<Harness blocks={[actions({ type: 'overflow', action_id: 'more', options: [option('Snooze'), option('Copy')] })]} />);
  fireEvent.click(screen.getByRole('button', { name: 'More options' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Copy' }));
  expect(lastAction()).toMatchObject({ action: { type: 'overflow', selected_option: option('Copy') } });
});

test('checkboxes send all that are ticked, in their order', () => {
  render(<Harness blocks={[actions({ type: 'checkboxes', action_id: 'c', options: [option('One'), option('Two')], initial_options: [option('Two')] })]} />);
  fireEvent.click(screen.getByRole('checkbox', { name: 'One' }));
  expect(lastAction()).toMatchObject({ action: { selected_options: [option('One'), option('Two')] } });
});

describe('a modal', () => {
  const view: View = {
    id: 'V1', type: 'modal', title: plain('Title'), submit: plain('Save'), close: plain('Cancel'),
    blocks: [
      { type: 'input', block_id: 'name', label: plain('Name'), element: { type: 'plain_text_input', action_id: 'value' } },
      { type: 'input', block_id: 'who', label: plain('Who'), optional: true, element: { type: 'users_select', action_id: 'user' } },
    ],
  };

  test('asks for what is required before it submits, then sends all values', async () => {
    render(<Harness view={view} />);
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Please complete this required field.')).toBeTruthy();
    expect(posted).toEqual([]);

    fireEvent.change(screen.getByLabelText('Name'), { target: { value: 'x' } });
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(posted).toHaveLength(1));
    expect(posted[0]![1]).toMatchObject({
      view_id: 'V1',
      state: { values: { name: { value: { type: 'plain_text_input', value: 'x' } }, who: { user: { type: 'users_select', selected_user: null } } } },
    });
  });

  test("shows the app's errors under their inputs", async () => {
    answers.submit = { errors: { name: 'That name is taken.' } };
    render(<Harness view={view} />);
    fireEvent.change(screen.getByLabelText('Name'), { target: { value: 'x' } });
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toBe('That name is taken.');
    expect(screen.getByLabelText('Name').getAttribute('aria-invalid')).toBe('true');
  });

  test('tells the workspace when it is closed', () => {
    render(<Harness view={view} />);
    fireEvent.click(screen.getByText('Cancel'));
    expect(posted).toEqual([['close', { user: 'U1', view_id: 'V1' }]]);
  });
});

describe('what an app sends cannot become markup', () => {
  const evil = '<img src=x onerror=alert(1)><script>alert(1)</script>';
  test.each<[string, Block]>([
    ['mrkdwn', { type: 'section', text: { type: 'mrkdwn', text: evil } }],
    ['plain text', { type: 'header', text: plain(evil) }],
    ['markdown', { type: 'markdown', text: evil }],
    ['rich text', { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: evil }] }] }],
    ['a chart', { type: 'data_visualization', title: evil, chart: { type: 'bar', axis_config: { categories: [evil] }, series: [{ name: evil, data: [{ label: evil, value: 1 }] }] } }],
    ['a table', { type: 'table', rows: [[{ type: 'raw_text', text: evil }]] }],
  ])('%s', (_, block) => {
    const { container } = render(<Harness blocks={[block]} />);
    expect(container.querySelector('img, script')).toBeNull();
    expect(container.textContent).toContain('<script>alert(1)</script>');
  });

  test.each<[string, Block]>([
    ['mrkdwn', { type: 'section', text: { type: 'mrkdwn', text: '<javascript:alert(1)|x>' } }],
    ['markdown', { type: 'markdown', text: '[x](javascript:alert(1))' }],
    ['rich text', { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'link', url: 'javascript:alert(1)', text: 'x' }] }] }],
  ])('a script link in %s is no link', (_, block) => {
    const { container } = render(<Harness blocks={[block]} />);
    expect(container.querySelector('a')).toBeNull();
    expect(container.textContent).toBe('x');
  });
});

test('code can be copied as it is shown', async () => {
  const writeText = vi.fn(async () => {});
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  render(<Harness blocks={[{ type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: '_a1.shop.example.com.' }] }] }]} />);
  fireEvent.click(screen.getByRole('button', { name: 'Copy to clipboard' }));
  expect(writeText).toHaveBeenCalledWith('_a1.shop.example.com.');
  expect(await screen.findByRole('button', { name: 'Copied' })).toBeTruthy();
});

test('a block nobody knows is named, and does not break the others', () => {
  const { container } = render(<Harness blocks={[{ type: 'hologram' }, { type: 'header', text: plain('After') }]} />);
  expect(within(container).getByText(/“hologram”/)).toBeTruthy();
  expect(within(container).getByText('After')).toBeTruthy();
});

test('a bar chart is drawn, and told in figures', () => {
  const chart = {
    type: 'bar', axis_config: { categories: ['23–29 Nov', '30 Nov–6 Dec'], y_label: 'Certificates' },
    series: [{ name: 'In trouble', data: [{ label: '23–29 Nov', value: 2 }, { label: '30 Nov–6 Dec', value: 0 }] }, { name: 'To be renewed', data: [{ label: '30 Nov–6 Dec', value: 4 }, { label: '23–29 Nov', value: 1 }] }],
  };
  const { container } = render(<Harness blocks={[{ type: 'data_visualization', title: 'What ends when', chart }]} />);
  expect([...container.querySelectorAll('rect title')].map((e) => e.textContent)).toEqual(['23–29 Nov, In trouble: 2', '23–29 Nov, To be renewed: 1', '30 Nov–6 Dec, To be renewed: 4']);
  const heights = [...container.querySelectorAll('rect')].map((e) => Number(e.getAttribute('height')));
  expect(heights[0]! / heights[1]!).toBeCloseTo(2);
  expect(heights[2]! / heights[1]!).toBeCloseTo(4);
  expect(screen.getByRole('table', { name: 'What ends when' }).textContent).toContain('23–29 Nov21');
});

test.each([[1, 1], [3, 1], [9, 5], [98, 50], [400, 100]])('the axis of a chart up to %i has steps of %i', (most, step) => expect(niceStep(most)).toBe(step));
