// What the workspace's server and this page say to each other.

export interface User {
  id: string;
  name: string;
  real_name: string;
  is_bot: boolean;
  is_guest: boolean;
  color: string;
  initials: string;
}

export interface Channel {
  id: string;
  name: string;
  kind: 'channel' | 'private' | 'im';
  topic: string;
  user: string;
  member: boolean;
  bot_member: boolean;
  archived?: boolean;
}

export interface Reaction {
  name: string;
  users: string[];
}

export interface Message {
  channel: string;
  ts: string;
  thread_ts: string;
  user: string;
  app: boolean;
  text: string;
  blocks: Block[] | null;
  attachments: Attachment[] | null;
  ephemeral: boolean;
  edited: string;
  reactions: Reaction[] | null;
  reply_count: number;
  reply_users: string[] | null;
  deleted: boolean;
  subtype: string;
  /** A line of the page's own, such as a failed command: never on the server. */
  notice?: 'error' | 'info';
}

/** Whether it is a line of the workspace's own, which Slackbot says. */
export const isNotice = (m: Message) => m.notice !== undefined || m.subtype === 'notice';

export interface View {
  id: string;
  type: 'modal' | 'home';
  title?: PlainText;
  submit?: PlainText | null;
  close?: PlainText | null;
  blocks: Block[] | null;
  private_metadata?: string;
  callback_id?: string;
  hash?: string;
  errors?: Record<string, string>;
}

export interface Command {
  command: string;
  description: string;
  usage_hint: string;
}

export interface Shortcut {
  callback_id: string;
  name: string;
  type: 'message' | 'global';
  description: string;
}

export interface TrafficEntry {
  n: number;
  at: string;
  dir: 'in' | 'out';
  kind: 'envelope' | 'ack' | 'api' | 'response_url' | 'socket' | string;
  title: string;
  ms: number;
  body: unknown;
  reply: unknown;
}

export interface Bot {
  user_id: string;
  app_id: string;
  name: string;
  connected: boolean;
  sockets: number;
  /** Whether the app has a Home tab; it has unless this is false. */
  home_tab?: boolean;
}

export interface State {
  team: { id: string; name: string };
  me: User;
  users: User[];
  channels: Channel[];
  commands: Command[] | null;
  shortcuts: Shortcut[] | null;
  bot: Bot;
  messages: Record<string, Message[] | null>;
  home: View | null;
  view: View | null;
  /** How many modals are stacked. */
  stack?: number;
  statuses?: { channel: string; thread_ts: string; text: string }[] | null;
  suggestions: string[] | null;
  traffic: TrafficEntry[] | null;
}

export type Frame =
  | { type: 'state'; state: State }
  | { type: 'message'; message: Message }
  | { type: 'message_deleted'; channel: string; ts: string }
  | { type: 'view'; view: View | null; stack?: number }
  | { type: 'home'; view: View | null }
  | { type: 'status'; channel: string; thread_ts: string; text: string }
  | { type: 'notice'; level: 'error' | 'info'; channel: string; thread_ts?: string; text: string }
  | { type: 'action_state'; id: string; state: 'ok' | 'timeout' }
  | { type: 'traffic'; entry: TrafficEntry };

// Block Kit. Blocks come from an app that may send anything, so every member
// that is read is optional here and checked where it is read.

export interface TextObject {
  type: 'plain_text' | 'mrkdwn';
  text: string;
  emoji?: boolean;
  verbatim?: boolean;
}

export type PlainText = TextObject;

export interface Option {
  text: TextObject;
  value?: string;
  description?: TextObject;
  url?: string;
}

export interface OptionGroup {
  label: TextObject;
  options: Option[];
}

export interface Confirm {
  title?: TextObject;
  text?: TextObject;
  confirm?: TextObject;
  deny?: TextObject;
  style?: 'primary' | 'danger';
}

export interface Element {
  type: string;
  action_id?: string;
  text?: TextObject | string;
  value?: string;
  url?: string;
  style?: string;
  confirm?: Confirm;
  accessibility_label?: string;
  placeholder?: TextObject;
  options?: Option[];
  option_groups?: OptionGroup[];
  initial_option?: Option;
  initial_options?: Option[];
  initial_value?: string | RichTextNode;
  initial_date?: string;
  initial_time?: string;
  initial_date_time?: number;
  initial_user?: string;
  initial_users?: string[];
  initial_conversation?: string;
  initial_conversations?: string[];
  initial_channel?: string;
  initial_channels?: string[];
  default_to_current_conversation?: boolean;
  filter?: { include?: string[]; exclude_bot_users?: boolean };
  min_query_length?: number;
  max_selected_items?: number;
  multiline?: boolean;
  min_length?: number;
  max_length?: number;
  is_decimal_allowed?: boolean;
  min_value?: string;
  max_value?: string;
  focus_on_load?: boolean;
  dispatch_action_config?: { trigger_actions_on?: string[] };
  image_url?: string;
  alt_text?: string;
  slack_file?: { url?: string; id?: string };
  positive_button?: Element;
  negative_button?: Element;
  icon?: string;
}

export interface RichTextNode {
  type: string;
  elements?: RichTextNode[];
  text?: string;
  url?: string;
  name?: string;
  unicode?: string;
  user_id?: string;
  channel_id?: string;
  usergroup_id?: string;
  range?: string;
  value?: string;
  timestamp?: number;
  format?: string;
  fallback?: string;
  language?: string;
  border?: number;
  indent?: number;
  offset?: number;
  // "bullet" | "ordered" on a list, flags on inline elements.
  style?: string | { bold?: boolean; italic?: boolean; strike?: boolean; code?: boolean; underline?: boolean };
}

export interface TableCell extends RichTextNode {}

export interface Block {
  type: string;
  block_id?: string;
  text?: TextObject | string;
  fields?: TextObject[];
  accessory?: Element;
  elements?: (Element & RichTextNode & Pick<TextObject, 'emoji' | 'verbatim'>)[];
  element?: Element;
  label?: TextObject;
  hint?: TextObject;
  optional?: boolean;
  dispatch_action?: boolean;
  image_url?: string;
  alt_text?: string;
  title?: TextObject | string;
  title_url?: string;
  level?: number | string;
  rows?: TableCell[][];
  column_settings?: ({ align?: string; is_wrapped?: boolean } | null)[];
  caption?: string;
  slack_file?: { url?: string; id?: string };
  chart?: Chart;
}

/** What a data visualization block shows. */
export interface Chart {
  type: string;
  series?: ChartSeries[];
  axis_config?: { categories?: string[]; x_label?: string; y_label?: string };
  segments?: { label: string; value: number }[];
}

export interface ChartSeries { name: string; data: { label: string; value: number }[] }

export interface Attachment {
  color?: string;
  fallback?: string;
  pretext?: string;
  title?: string;
  title_link?: string;
  text?: string;
  fields?: { title?: string; value?: string; short?: boolean }[];
  footer?: string;
  ts?: number | string;
  author_name?: string;
  blocks?: Block[];
}

/** Slack's entry in view.state.values for one element. */
export type ElementValue = { type: string } & Record<string, unknown>;
export type Values = Record<string, Record<string, ElementValue>>;

/** Where an element stands: what /ui/action and /ui/options identify it by. */
export type Container = { channel: string; ts: string } | { view_id: string };
