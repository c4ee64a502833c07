import table from 'virtual:emoji-table';

const byName = new Map<string, string>();
for (const row of table.split(';')) {
  const [names = '', unified = ''] = row.split(' ');
  const text = String.fromCodePoint(...unified.split('-').map((hex) => parseInt(hex, 16)));
  for (const name of names.split(',')) byName.set(name, text);
}

const skinTones = ['', '', '\u{1F3FB}', '\u{1F3FC}', '\u{1F3FD}', '\u{1F3FE}', '\u{1F3FF}'];

/**
 * The Unicode text of a Slack short name without colons, optionally with a
 * skin tone ("wave", "+1::skin-tone-3"); undefined for a name Slack has not.
 */
export function emoji(name: string): string | undefined {
  const [base = '', tone] = name.split('::skin-tone-');
  const text = byName.get(base);
  if (text === undefined || tone === undefined) return text;
  const modifier = skinTones[Number(tone)] ?? '';
  // A variation selector and a skin tone exclude each other.
  return modifier ? text.replace(/\uFE0F$/u, '') + modifier : text;
}

/** Short names that start with the prefix come first, then those that contain it. */
export function emojiNames(part: string, limit: number): string[] {
  const starts: string[] = [];
  const contains: string[] = [];
  for (const name of byName.keys()) {
    if (name.startsWith(part)) starts.push(name);
    else if (name.includes(part)) contains.push(name);
  }
  return [...starts.sort((a, b) => a.length - b.length), ...contains].slice(0, limit);
}
