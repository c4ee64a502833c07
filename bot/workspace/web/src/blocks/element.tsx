import { useState, type ReactNode } from 'react';
import type { Element, ElementValue, Option, OptionGroup, RichTextNode } from '../protocol';
import { usePage } from '../page';
import { Text, textOf } from '../text';
import { Menu } from '../menu';
import { Select, type Choice, type ChoiceGroup, type Load } from '../select';
import { Dots, Warning } from '../icons';
import { safeUrl } from '../mrkdwn';
import { initialValue, sameOption } from '../values';
import type { Fate } from '../store';
import { Picture } from './image';
import { ConfirmDialog } from './confirm';
import { useSurface } from './surface';

interface Props {
  blockId: string;
  element: Element;
  /** In an input block: no action is sent unless it dispatches. */
  input?: { id: string; describedBy?: string; label: string; invalid: boolean; dispatches: boolean; optional: boolean };
}

/** Any element that may stand in a section, an actions block or an input block. */
export function ElementView(props: Props): ReactNode {
  switch (props.element.type) {
    case 'button':
    case 'workflow_button':
      return <ButtonElement {...props} />;
    case 'overflow':
      return <OverflowElement {...props} />;
    case 'static_select':
    case 'external_select':
    case 'multi_static_select':
    case 'multi_external_select':
      return <OptionSelect {...props} />;
    case 'users_select':
    case 'conversations_select':
    case 'channels_select':
    case 'multi_users_select':
    case 'multi_conversations_select':
    case 'multi_channels_select':
      return <IdSelect {...props} />;
    case 'checkboxes':
    case 'radio_buttons':
      return <Ticks {...props} />;
    case 'datepicker':
    case 'timepicker':
    case 'datetimepicker':
      return <Picker {...props} />;
    case 'plain_text_input':
    case 'email_text_input':
    case 'url_text_input':
    case 'number_input':
    case 'rich_text_input':
      return <TextInput {...props} />;
    case 'image':
      return <Picture url={props.element.image_url ?? props.element.slack_file?.url} alt={props.element.alt_text} className="accessory-image" />;
    case 'file_input':
      return <span className="unsupported">Files cannot be uploaded to this workspace.</span>;
    default:
      return <span className="unsupported">This page does not know the element “{props.element.type}”.</span>;
  }
}

function qa({ blockId, element }: Props) {
  return { 'data-qa': 'action', 'data-action-id': element.action_id, 'data-block-id': blockId };
}

/** Fires an element's action, after its confirm dialog if it has one. */
function useFire(props: Props) {
  const surface = useSurface();
  const { store } = usePage();
  const [id, setId] = useState('');
  const [asking, setAsking] = useState<{ value: ElementValue } | null>(null);
  const fate: Fate | undefined = id ? store.fates[id] : undefined;
  const send = (value: ElementValue) => setId(surface.fire(props.blockId, props.element, value));
  const dialog = asking && props.element.confirm && (
    <ConfirmDialog
      confirm={props.element.confirm}
      onCancel={() => setAsking(null)}
      onConfirm={() => { setAsking(null); send(asking.value); }}
    />
  );
  return {
    fate, dialog,
    fire(value: ElementValue) {
      if (props.element.confirm) setAsking({ value });
      else send(value);
    },
  };
}

/** Slack's sign next to an element whose app did not answer. */
function Trouble({ fate }: { fate: Fate | undefined }) {
  if (fate === undefined || fate === 'ok' || fate === 'pending') return null;
  const text = fate === 'timeout' ? 'This app did not respond in time. Try again.' : fate.error;
  return <span className="trouble" role="img" aria-label={text} title={text} data-qa="action-warning"><Warning /></span>;
}

function ButtonElement(props: Props) {
  const { element } = props;
  const { fate, fire, dialog } = useFire(props);
  const pending = fate === 'pending';
  const label = textOf(element.text);
  const press = () => {
    if (pending) return;
    // Slack's payload repeats the button; what it did not have, it leaves out.
    fire({ type: element.type, text: element.text, value: element.value, style: element.style } as ElementValue);
  };
  const href = element.url && !element.confirm ? safeUrl(element.url) : '';
  const common = {
    className: `btn${element.style === 'primary' || element.style === 'danger' ? ` ${element.style}` : ''}${pending ? ' pending' : ''}`,
    'aria-label': element.accessibility_label || undefined,
    'aria-busy': pending || undefined,
    title: label.length > 30 ? label : undefined,
    onClick: press,
    ...qa(props),
  };
  const content = (
    <>
      <span className="btn-label"><Text of={element.text} /></span>
      {pending && <span className="dots" aria-hidden><i /><i /><i /></span>}
    </>
  );
  return (
    <span className="element">
      {href
        ? <a href={href} target="_blank" rel="noopener noreferrer" role="button" {...common}>{content}</a>
        : <button type="button" {...common}>{content}</button>}
      <Trouble fate={fate} />
      {dialog}
    </span>
  );
}

function OverflowElement(props: Props) {
  const { fate, fire, dialog } = useFire(props);
  const { type } = props.element;
  return (
    <span className="element">
      <Menu
        label="More options" placement="bottom-end" className={`btn overflow${fate === 'pending' ? ' pending' : ''}`} button={<Dots />} qa={qa(props)}
        groups={[{
          items: (props.element.options ?? []).map((option, i) => ({
            key: String(i), label: <Text of={option.text} />, text: textOf(option.text), detail: option.description && <Text of={option.description} />,
            href: option.url && !props.element.confirm ? safeUrl(option.url) || undefined : undefined,
            qa: { 'data-qa': 'option', 'data-value': option.value },
            onSelect: () => fire({ type, selected_option: option }),
          })),
        }]}
      />
      <Trouble fate={fate} />
      {dialog}
    </span>
  );
}

/** What a value element does on a change: keep it and, outside of inputs, tell the app. */
function useValue(props: Props) {
  const surface = useSurface();
  const { element, blockId, input } = props;
  const { fate, fire, dialog } = useFire(props);
  const action = element.action_id ?? '';
  const value = surface.value(blockId, action) ?? initialValue(element, surface.channel);
  return {
    surface, value, dialog,
    set: (next: ElementValue) => surface.set(blockId, action, next),
    change(next: ElementValue) {
      surface.set(blockId, action, next);
      if (!input || input.dispatches) fire(next);
    },
    fire: (next: ElementValue) => { if (!input || input.dispatches) fire(next); },
    trouble: <Trouble fate={fate} />,
  };
}

const optionKey = (option: Option) => `${option.value ?? ''} ${option.text?.text ?? ''}`;

function choiceOf(option: Option): Choice {
  return { key: optionKey(option), label: <Text of={option.text} />, text: textOf(option.text), detail: option.description && <Text of={option.description} /> };
}

function groupsOf(options: Option[] | undefined, groups: OptionGroup[] | undefined): { groups: ChoiceGroup[]; all: Option[] } {
  if (groups) {
    return { groups: groups.map((g) => ({ title: <Text of={g.label} />, choices: g.options.map(choiceOf) })), all: groups.flatMap((g) => g.options) };
  }
  return { groups: [{ choices: (options ?? []).map(choiceOf) }], all: options ?? [] };
}

function OptionSelect(props: Props) {
  const { element, blockId, input } = props;
  const { api } = usePage();
  const { surface, value, change, trouble, dialog } = useValue(props);
  const { type } = element;
  const multiple = type.startsWith('multi_');
  const external = type.endsWith('external_select');
  const known = groupsOf(element.options, element.option_groups);
  // Options of an app are remembered as they come, to find the chosen one again.
  const [seen, setSeen] = useState<Option[]>([]);
  const selected = multiple ? ((value?.selected_options as Option[]) ?? []) : value?.selected_option ? [value.selected_option as Option] : [];

  const load = async (query: string, signal: AbortSignal): Promise<Load> => {
    const reply = await api.options(surface.where, element.action_id ?? '', blockId, query, signal);
    if (!reply.ok) return { hint: reply.error ?? 'The choices could not be loaded.' };
    const { groups, all } = groupsOf(reply.options, reply.option_groups);
    setSeen((before) => [...all, ...before.filter((o) => !all.some((other) => sameOption(o, other)))]);
    return { groups };
  };
  return (
    <span className="element select-element">
      <Select
        id={input?.id} label={input?.label ?? (textOf(element.placeholder) || 'Select an item')} placeholder={textOf(element.placeholder) || (multiple ? 'Select items' : 'Select an item')}
        chosen={selected.map(choiceOf)} multiple={multiple} max={element.max_selected_items} groups={external ? undefined : known.groups}
        load={external ? load : undefined} minQuery={external ? (element.min_query_length ?? 3) : 0} invalid={input?.invalid} describedBy={input?.describedBy}
        focusOnLoad={element.focus_on_load} clearable={input?.optional} qa={qa(props)}
        onChoose={(choices) => {
          const pool = [...selected, ...known.all, ...seen];
          const options = choices.flatMap((choice) => pool.find((o) => optionKey(o) === choice.key) ?? []);
          change(multiple ? { type, selected_options: options } : { type, selected_option: options[0] ?? null });
        }}
      />
      {trouble}
      {dialog}
    </span>
  );
}

function IdSelect(props: Props) {
  const { element, input } = props;
  const { store, channelTitle } = usePage();
  const { value, change, trouble, dialog } = useValue(props);
  const { type } = element;
  const multiple = type.startsWith('multi_');
  const what = type.includes('users') ? 'user' : type.includes('channels') ? 'channel' : 'conversation';
  const key = multiple ? `selected_${what}s` : `selected_${what}`;

  const users = (store.state?.users ?? []).map((u): Choice => ({ key: u.id, label: u.real_name || u.name, text: `${u.real_name} ${u.name}`, detail: u.name }));
  const channels = (store.state?.channels ?? []).filter((c) => {
    if (what === 'channel') return c.kind === 'channel';
    const include = element.filter?.include;
    const kind = c.kind === 'channel' ? 'public' : c.kind;
    if (include && !include.includes(kind)) return false;
    if (element.filter?.exclude_bot_users && c.user === store.state?.bot.user_id) return false;
    return c.kind === 'channel' || c.member;
  }).map((c): Choice => ({ key: c.id, label: channelTitle(c.id), text: channelTitle(c.id) }));
  const choices = what === 'user' ? users : channels;
  const ids = multiple ? ((value?.[key] as string[]) ?? []) : value?.[key] ? [value[key] as string] : [];
  const placeholder = `Select ${multiple ? `${what}s` : `a ${what}`}`;
  return (
    <span className="element select-element">
      <Select
        id={input?.id} label={input?.label ?? (textOf(element.placeholder) || placeholder)} placeholder={textOf(element.placeholder) || placeholder}
        chosen={ids.map((id) => choices.find((c) => c.key === id) ?? { key: id, label: what === 'user' ? id : channelTitle(id), text: id })}
        multiple={multiple} max={element.max_selected_items} groups={[{ choices }]} invalid={input?.invalid} describedBy={input?.describedBy}
        focusOnLoad={element.focus_on_load} clearable={input?.optional} qa={qa(props)}
        onChoose={(chosen) => change({ type, [key]: multiple ? chosen.map((c) => c.key) : (chosen[0]?.key ?? null) })}
      />
      {trouble}
      {dialog}
    </span>
  );
}

function Ticks(props: Props) {
  const { element, input, blockId } = props;
  const { value, change, trouble, dialog } = useValue(props);
  const { type } = element;
  const many = type === 'checkboxes';
  const selected = many ? ((value?.selected_options as Option[]) ?? []) : value?.selected_option ? [value.selected_option as Option] : [];
  const isOn = (option: Option) => selected.some((o) => sameOption(o, option));
  return (
    <div className="ticks" role={many ? 'group' : 'radiogroup'} aria-label={input?.label} aria-describedby={input?.describedBy} {...qa(props)}>
      {(element.options ?? []).map((option, i) => (
        <label key={i} className="tick">
          <input
            type={many ? 'checkbox' : 'radio'} name={`${blockId} ${element.action_id}`} value={option.value} checked={isOn(option)}
            data-focus-on-load={(element.focus_on_load && i === 0) || undefined}
            onChange={() => {
              if (!many) return change({ type, selected_option: option });
              // In the order of the options, as Slack sends them.
              const next = (element.options ?? []).filter((o) => (sameOption(o, option) ? !isOn(o) : isOn(o)));
              change({ type, selected_options: next });
            }}
          />
          <span>
            <Text of={option.text} />
            {option.description && <span className="tick-detail"><Text of={option.description} /></span>}
          </span>
        </label>
      ))}
      {trouble}
      {dialog}
    </div>
  );
}

function Picker(props: Props) {
  const { element, input } = props;
  const { value, change, trouble, dialog } = useValue(props);
  const { type } = element;
  const [key, kind] = type === 'datepicker' ? ['selected_date', 'date'] : type === 'timepicker' ? ['selected_time', 'time'] : ['selected_date_time', 'datetime-local'];
  const current = value?.[key] as string | number | null;
  const shown = typeof current === 'number' ? localInput(current) : (current ?? '');
  return (
    <span className="element picker">
      <input
        id={input?.id} type={kind} value={shown} className={input?.invalid ? 'invalid' : undefined} aria-label={input ? undefined : textOf(element.placeholder) || kind}
        aria-invalid={input?.invalid} aria-describedby={input?.describedBy} data-focus-on-load={element.focus_on_load || undefined} {...qa(props)}
        onChange={(event) => {
          const text = event.target.value;
          // A year being typed passes through 0002, 0020 and 0202.
          if (kind !== 'time' && text !== '' && Number(text.slice(0, 4)) < 1970) return;
          change({ type, [key]: text === '' ? null : kind === 'datetime-local' ? Math.floor(new Date(text).getTime() / 1000) : text });
        }}
      />
      {trouble}
      {dialog}
    </span>
  );
}

/** A Unix time as the value of a datetime-local field. */
function localInput(seconds: number): string {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function richText(text: string): RichTextNode {
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }] };
}

function richTextText(node: RichTextNode | undefined | null): string {
  if (!node) return '';
  return (node.text ?? '') + (node.elements ?? []).map(richTextText).join('');
}

function TextInput(props: Props) {
  const { element, input } = props;
  const { value, set, fire, trouble, dialog } = useValue(props);
  const { type } = element;
  const rich = type === 'rich_text_input';
  const text = rich ? richTextText(value?.rich_text_value as RichTextNode | null) : ((value?.value as string | null) ?? '');
  const valueOf = (next: string): ElementValue => (rich ? { type, rich_text_value: next ? richText(next) : null } : { type, value: next === '' ? null : next });
  const on = element.dispatch_action_config?.trigger_actions_on ?? ['on_enter_pressed'];
  const multiline = rich || element.multiline === true;
  const common = {
    id: input?.id, value: text, placeholder: textOf(element.placeholder), className: `text-input${input?.invalid ? ' invalid' : ''}`,
    'aria-invalid': input?.invalid, 'aria-describedby': input?.describedBy, 'aria-label': input ? undefined : textOf(element.placeholder) || 'Text',
    'data-focus-on-load': element.focus_on_load || undefined, maxLength: element.max_length, ...qa(props),
    onChange: (event: { target: { value: string } }) => {
      const next = valueOf(event.target.value);
      set(next);
      if (on.includes('on_character_entered')) fire(next);
    },
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key !== 'Enter' || multiline || event.nativeEvent.isComposing) return;
      // With dispatch_action, Enter is for the app; otherwise it submits the view.
      if (!input || (input.dispatches && on.includes('on_enter_pressed'))) {
        event.preventDefault();
        fire(valueOf(text));
      }
    },
  };
  const left = element.max_length !== undefined ? element.max_length - text.length : undefined;
  return (
    <span className="element text-element">
      {multiline
        ? <textarea rows={4} {...common} />
        : <input type={type === 'email_text_input' ? 'email' : type === 'url_text_input' ? 'url' : 'text'} inputMode={type === 'number_input' ? 'decimal' : undefined} {...common} />}
      {left !== undefined && left <= 50 && <span className="characters-left" aria-hidden>{left}</span>}
      {trouble}
      {dialog}
    </span>
  );
}
