import { describe, expect, test } from 'vitest';
import type { Block, Element } from './protocol';
import { check, initialValue, valuesOf } from './values';

const option = { text: { type: 'plain_text' as const, text: 'A' }, value: 'a' };
const input = (element: Element, more: Partial<Block> = {}): Block => ({ type: 'input', block_id: 'b', label: { type: 'plain_text', text: 'L' }, element, ...more });

test.each<[Element, unknown]>([
  [{ type: 'plain_text_input' }, { type: 'plain_text_input', value: null }],
  [{ type: 'plain_text_input', initial_value: 'x' }, { type: 'plain_text_input', value: 'x' }],
  [{ type: 'static_select' }, { type: 'static_select', selected_option: null }],
  [{ type: 'external_select', initial_option: option }, { type: 'external_select', selected_option: option }],
  [{ type: 'checkboxes' }, { type: 'checkboxes', selected_options: [] }],
  [{ type: 'radio_buttons', initial_option: option }, { type: 'radio_buttons', selected_option: option }],
  [{ type: 'datepicker', initial_date: '2026-11-24' }, { type: 'datepicker', selected_date: '2026-11-24' }],
  [{ type: 'timepicker' }, { type: 'timepicker', selected_time: null }],
  [{ type: 'multi_users_select' }, { type: 'multi_users_select', selected_users: [] }],
  [{ type: 'conversations_select', default_to_current_conversation: true }, { type: 'conversations_select', selected_conversation: 'C1' }],
  [{ type: 'conversations_select', initial_conversation: 'C2', default_to_current_conversation: true }, { type: 'conversations_select', selected_conversation: 'C2' }],
  [{ type: 'button' }, undefined],
  [{ type: 'overflow' }, undefined],
])('initialValue %j', (element, want) => expect(initialValue(element, 'C1')).toEqual(want));

test('valuesOf covers inputs, accessories and actions, and prefers what was entered', () => {
  const blocks: Block[] = [
    input({ type: 'plain_text_input', action_id: 'name', initial_value: 'old' }),
    { type: 'section', block_id: 's', accessory: { type: 'static_select', action_id: 'pick', initial_option: option } },
    { type: 'actions', elements: [{ type: 'datepicker', action_id: 'day' }, { type: 'button', action_id: 'go' }] as Block['elements'] },
    { type: 'context', elements: [] },
  ];
  expect(valuesOf(blocks, { b: { name: { type: 'plain_text_input', value: 'new' } } })).toEqual({
    b: { name: { type: 'plain_text_input', value: 'new' } },
    s: { pick: { type: 'static_select', selected_option: option } },
    'block-2': { day: { type: 'datepicker', selected_date: null } },
  });
});

describe('check', () => {
  const run = (element: Element, value: string | null, more: Partial<Block> = {}) =>
    check([input({ action_id: 'a', ...element }, more)], { b: { a: { type: element.type, value } } }).b;
  test.each<[string, Element, string | null, Partial<Block>, string | undefined]>([
    ['required', { type: 'plain_text_input' }, null, {}, 'Please complete this required field.'],
    ['required, emptied again', { type: 'plain_text_input' }, '', {}, 'Please complete this required field.'],
    ['optional', { type: 'plain_text_input' }, null, { optional: true }, undefined],
    ['too short', { type: 'plain_text_input', min_length: 3 }, 'ab', {}, 'This must be at least 3 characters.'],
    ['too long', { type: 'plain_text_input', max_length: 1 }, 'ab', {}, 'This must be at most 1 character.'],
    ['no number', { type: 'number_input' }, 'x', {}, 'Please enter a number.'],
    ['decimal', { type: 'number_input' }, '1.5', {}, 'Please enter a whole number.'],
    ['decimal allowed', { type: 'number_input', is_decimal_allowed: true }, '1.5', {}, undefined],
    ['too small', { type: 'number_input', min_value: '2' }, '1', {}, 'Please enter a number of at least 2.'],
    ['too big', { type: 'number_input', max_value: '2' }, '3', {}, 'Please enter a number of at most 2.'],
    ['no mail address', { type: 'email_text_input' }, 'a@b', {}, 'Please enter a valid email address.'],
    ['no URL', { type: 'url_text_input' }, 'a b', {}, 'Please enter a valid URL.'],
  ])('%s', (_, element, value, more, want) => expect(run(element, value, more)).toBe(want));

  test('an empty selection of a required multi-select', () => {
    const blocks = [input({ type: 'multi_static_select', action_id: 'a' })];
    expect(check(blocks, valuesOf(blocks, {}))).toEqual({ b: 'Please complete this required field.' });
  });
});
