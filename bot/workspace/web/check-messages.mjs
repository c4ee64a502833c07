// Checks every golden message and view of package bot/view against Slack's own
// types: a misspelt key or a wrong element does not compile.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const golden = new URL('../../view/testdata/', import.meta.url).pathname;
const out = new URL('./node_modules/.cache/messages/', import.meta.url).pathname;
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

// Slack documents a list's offset ("Rich text block",
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block); its types
// do not have it.
const documented = (key, value) => (value?.type === 'rich_text_list' ? { ...value, offset: undefined } : value);

// What Slack documents and its types do not have yet; package workspace checks
// it against the documented limits ("Data visualization block",
// https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block).
const untyped = (block) => block.type === 'data_visualization';

// typed says what a golden value is, and which part of it is Slack's to check.
function typed(value) {
  const list = Array.isArray(value) ? value : value.blocks;
  if (value.type === 'modal') return ['ModalView', value];
  if (value.type === 'home') return ['HomeView', value];
  if (list?.every((item) => item.options)) return ['{ label: PlainTextElement; options: Option[] }[]', list];
  if (list?.every((item) => item.type)) return ['KnownBlock[]', list.filter((block) => !untyped(block))];
  return [];
}

let count = 0;
for (const file of readdirSync(golden).filter((name) => name.endsWith('.golden.json'))) {
  const value = JSON.parse(readFileSync(join(golden, file), 'utf8'));
  const [type, checked] = typed(value);
  if (!checked) {
    console.log(`${file} holds neither a view nor blocks nor options`);
    continue;
  }
  writeFileSync(
    join(out, file.replace(/\.golden\.json$/, '.ts')),
    `import type * as slack from '@slack/types';\nexport const checked: ${type.replace(/\b(?=ModalView|HomeView|KnownBlock|PlainTextElement|Option\b)/g, 'slack.')} = ${JSON.stringify(checked, documented, 2)};\n`,
  );
  count++;
}
if (count === 0) {
  console.error(`there are no golden messages in ${golden}`);
  process.exit(1);
}
const tsc = new URL('./node_modules/.bin/tsc', import.meta.url).pathname;
writeFileSync(join(out, 'tsconfig.json'), JSON.stringify({
  compilerOptions: { strict: true, noEmit: true, module: 'esnext', moduleResolution: 'bundler', target: 'es2022', skipLibCheck: true, types: [] },
  include: ['*.ts'],
}));
execFileSync(tsc, ['-p', out], { stdio: 'inherit' });
console.log(`${count} messages and views agree with @slack/types`);
