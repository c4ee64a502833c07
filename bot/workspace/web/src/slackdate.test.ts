import { expect, test } from 'vitest';
import { ago, dayHeading, slackDate } from './slackdate';

// Local times, so that the tests hold in every time zone.
const now = new Date(2026, 10, 24, 9, 30, 15);
const at = (...args: [number, number, number, number?, number?]) => new Date(...args).getTime() / 1000;

test.each([
  ['{date_num}', at(2026, 1, 3), '2026-02-03'],
  ['{date}', at(2026, 1, 3), 'February 3rd, 2026'],
  ['{date_long}', at(2026, 1, 13), 'Friday, February 13th, 2026'],
  ['{date_short}', at(2026, 1, 3), 'Feb 3, 2026'],
  ['{date_pretty}', at(2026, 10, 24, 23), 'today'],
  ['{date_short_pretty}', at(2026, 10, 25, 0), 'tomorrow'],
  ['{date_long_pretty}', at(2026, 10, 23, 1), 'yesterday'],
  ['{date_short_pretty}', at(2026, 10, 22), 'Nov 22, 2026'],
  ['due {date_short}!', at(2026, 11, 1), 'due Dec 1, 2026!'],
  ['{ago}', at(2026, 10, 24, 9, 27), '3 minutes ago'],
  ['no token', at(2026, 0, 1), 'fallback'],
  ['{unknown}', at(2026, 0, 1), 'fallback'],
  ['{date}', NaN, 'fallback'],
])('%s', (format, timestamp, want) => expect(slackDate(timestamp, format, 'fallback', now)).toBe(want));

test.each([
  [new Date(2026, 10, 24), 'Today'],
  [new Date(2026, 10, 23), 'Yesterday'],
  [new Date(2026, 10, 20), 'Friday, November 20th'],
  [new Date(2025, 11, 31), 'Wednesday, December 31st, 2025'],
])('dayHeading %s', (date, want) => expect(dayHeading(date, now)).toBe(want));

test.each([
  [new Date(2026, 10, 26, 9, 30, 15), 'in 2 days'],
  [new Date(2026, 10, 24, 9, 30, 25), 'in 10 seconds'],
  [new Date(2026, 10, 24, 9, 30, 15), 'just now'],
  [new Date(2026, 10, 24, 8, 30, 15), '1 hour ago'],
])('ago %s', (date, want) => expect(ago(date, now)).toBe(want));
