import type { Block, Element, ElementValue, Option, Values } from './protocol';

/** An element together with the block it stands in. */
export interface Placed {
  blockId: string;
  block: Block;
  element: Element;
}

/**
 * A block's id. Slack gives every block one; the index stands in where the
 * server did not.
 */
export function blockId(block: Block, index: number): string {
  return block.block_id || `block-${index}`;
}

/** The elements of blocks that a person can operate. */
export function elements(blocks: readonly Block[]): Placed[] {
  return blocks.flatMap((block, i) => {
    const found: (Element | undefined)[] =
      block.type === 'input' ? [block.element] : block.type === 'section' ? [block.accessory] : block.type === 'actions' ? (block.elements ?? []) : [];
    return found.flatMap((element) => (element?.action_id ? [{ blockId: blockId(block, i), block, element }] : []));
  });
}

const orNull = <T,>(value: T | undefined): T | null => value ?? null;

/**
 * What view.state.values says of an element nobody has touched; undefined for
 * elements that keep no value, such as buttons.
 * https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
 */
export function initialValue(element: Element, here = ''): ElementValue | undefined {
  const { type } = element;
  const conversation = element.initial_conversation ?? (element.default_to_current_conversation && here ? here : undefined);
  switch (type) {
    case 'plain_text_input':
    case 'number_input':
    case 'email_text_input':
    case 'url_text_input':
      return { type, value: orNull(element.initial_value as string | undefined) };
    case 'rich_text_input':
      return { type, rich_text_value: orNull(element.initial_value) };
    case 'static_select':
    case 'external_select':
    case 'radio_buttons':
      return { type, selected_option: orNull(element.initial_option) };
    case 'checkboxes':
    case 'multi_static_select':
    case 'multi_external_select':
      return { type, selected_options: element.initial_options ?? [] };
    case 'datepicker':
      return { type, selected_date: orNull(element.initial_date) };
    case 'timepicker':
      return { type, selected_time: orNull(element.initial_time) };
    case 'datetimepicker':
      return { type, selected_date_time: orNull(element.initial_date_time) };
    case 'users_select':
      return { type, selected_user: orNull(element.initial_user) };
    case 'multi_users_select':
      return { type, selected_users: element.initial_users ?? [] };
    case 'conversations_select':
      return { type, selected_conversation: orNull(conversation) };
    case 'multi_conversations_select':
      return { type, selected_conversations: element.initial_conversations ?? (conversation ? [conversation] : []) };
    case 'channels_select':
      return { type, selected_channel: orNull(element.initial_channel) };
    case 'multi_channels_select':
      return { type, selected_channels: element.initial_channels ?? [] };
    default:
      return undefined;
  }
}

/** state.values of blocks: what was entered, else the initial values. */
export function valuesOf(blocks: readonly Block[], entered: Values, here = ''): Values {
  const values: Values = {};
  for (const { blockId: id, element } of elements(blocks)) {
    const action = element.action_id!;
    const value = entered[id]?.[action] ?? initialValue(element, here);
    if (value) (values[id] ??= {})[action] = value;
  }
  return values;
}

function isEmpty(value: ElementValue | undefined): boolean {
  if (!value) return true;
  return Object.entries(value).every(([key, v]) => key === 'type' || v === null || v === undefined || v === '' || (Array.isArray(v) && v.length === 0));
}

/** What Slack checks before it sends a submission: errors by block id. */
export function check(blocks: readonly Block[], values: Values): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { blockId: id, block, element } of elements(blocks)) {
    if (block.type !== 'input') continue;
    const value = values[id]?.[element.action_id!];
    if (isEmpty(value)) {
      if (!block.optional) errors[id] = 'Please complete this required field.';
      continue;
    }
    const problem = typeof value?.value === 'string' ? checkText(element, value.value) : '';
    if (problem) errors[id] = problem;
  }
  return errors;
}

function checkText(element: Element, text: string): string {
  const { min_length: min, max_length: max } = element;
  if (min !== undefined && text.length < min) return `This must be at least ${min} character${min === 1 ? '' : 's'}.`;
  if (max !== undefined && text.length > max) return `This must be at most ${max} character${max === 1 ? '' : 's'}.`;
  if (element.type === 'email_text_input' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) return 'Please enter a valid email address.';
  if (element.type === 'url_text_input' && !URL.canParse(text)) return 'Please enter a valid URL.';
  if (element.type === 'number_input') {
    const number = Number(text);
    if (!/^-?\d+(\.\d+)?$/.test(text.trim())) return 'Please enter a number.';
    if (!element.is_decimal_allowed && !Number.isInteger(number)) return 'Please enter a whole number.';
    if (element.min_value !== undefined && number < Number(element.min_value)) return `Please enter a number of at least ${element.min_value}.`;
    if (element.max_value !== undefined && number > Number(element.max_value)) return `Please enter a number of at most ${element.max_value}.`;
  }
  return '';
}

/** Options are told apart by value; a url-only overflow option by its text. */
export const sameOption = (a: Option, b: Option) => a.value === b.value && a.text?.text === b.text?.text;
