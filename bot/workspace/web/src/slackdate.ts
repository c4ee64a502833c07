// Slack's <!date^…> tokens, in the reader's time zone.
// https://docs.slack.dev/messaging/formatting-message-text#date-formatting

const locale = 'en-US';
// Wording is English throughout, the clock is the reader's.
const hour12 = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions().hour12 ?? true;

function format(options: Intl.DateTimeFormatOptions): (date: Date) => string {
  const formatter = new Intl.DateTimeFormat(locale, options);
  return (date) => formatter.format(date);
}

const month = format({ month: 'long' });
const weekday = format({ weekday: 'long' });
const shortDate = format({ month: 'short', day: 'numeric', year: 'numeric' });

export const clock = format({ hour: 'numeric', minute: '2-digit', hour12 });
const clockWithSeconds = format({ hour: 'numeric', minute: '2-digit', second: '2-digit', hour12 });
export const fullTime = format({
  weekday: 'long', month: 'long', day: 'numeric', year: 'numeric', hour: 'numeric', minute: '2-digit', second: '2-digit', hour12,
});

function ordinal(n: number): string {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${['th', 'st', 'nd', 'rd'][n % 10] ?? 'th'}`;
}

/** Days from now's calendar day to date's, in local time. */
function dayDistance(date: Date, now: Date): number {
  const day = (d: Date) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000;
  return day(date) - day(now);
}

function pretty(date: Date, now: Date, plain: string): string {
  const days = dayDistance(date, now);
  if (days === 0) return 'today';
  if (days === -1) return 'yesterday';
  if (days === 1) return 'tomorrow';
  return plain;
}

const longDate = (d: Date) => `${month(d)} ${ordinal(d.getDate())}, ${d.getFullYear()}`;
const withoutYear = (d: Date) => `${month(d)} ${ordinal(d.getDate())}`;

/** "just now", "3 minutes ago", "in 2 days". */
export function ago(date: Date, now: Date): string {
  const seconds = Math.round((date.getTime() - now.getTime()) / 1000);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  for (const [unit, size] of [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3_600], ['minute', 60]] as const) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 0 ? relative.format(seconds, 'second') : 'just now';
}

const tokens: Record<string, (date: Date, now: Date) => string> = {
  date_num: (d) => `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`,
  date_slash: (d) => `${d.getMonth() + 1}/${d.getDate()}/${d.getFullYear()}`,
  date: (d) => longDate(d),
  date_long: (d) => `${weekday(d)}, ${longDate(d)}`,
  date_long_full: (d) => `${weekday(d)}, ${longDate(d)}`,
  date_short: (d) => shortDate(d),
  date_pretty: (d, now) => pretty(d, now, longDate(d)),
  date_long_pretty: (d, now) => pretty(d, now, `${weekday(d)}, ${longDate(d)}`),
  date_short_pretty: (d, now) => pretty(d, now, shortDate(d)),
  day_divider_pretty: (d, now) => pretty(d, now, `${weekday(d)}, ${d.getFullYear() === now.getFullYear() ? withoutYear(d) : longDate(d)}`),
  time: (d) => clock(d),
  time_secs: (d) => clockWithSeconds(d),
  ago: (d, now) => ago(d, now),
};

/**
 * The text of a date template such as "{date_short_pretty} at {time}". A
 * template without a known token, or a timestamp that is no number, gives the
 * fallback, as in Slack.
 */
export function slackDate(timestamp: number, template: string, fallback: string, now = new Date()): string {
  const date = new Date(timestamp * 1000);
  if (Number.isNaN(date.getTime())) return fallback;
  let known = false;
  const text = template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const token = tokens[name];
    if (!token) return whole;
    known = true;
    return token(date, now);
  });
  return known ? text : fallback || template;
}

/** The heading over a day of messages: "Today", "Monday, November 24th". */
export function dayHeading(date: Date, now = new Date()): string {
  const text = slackDate(date.getTime() / 1000, '{day_divider_pretty}', '', now);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The time a Slack ts stands for. */
export function tsDate(ts: string): Date {
  return new Date(Number(ts.split('.')[0]) * 1000);
}
