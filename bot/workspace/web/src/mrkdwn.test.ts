import { describe, expect, test } from 'vitest';
import { escape, parse, plain, plainText, safeUrl, type Node } from './mrkdwn';

const text = (value: string): Node => ({ type: 'text', text: value });
const link = (url: string, label = url): Node => ({ type: 'link', url, label });

describe('parse', () => {
  const cases: [name: string, source: string, want: Node[]][] = [
    ['plain', 'hello', [text('hello')]],
    ['escapes', 'a &amp; b &lt;c&gt; &copy;', [text('a & b <c> &copy;')]],
    ['bold', 'a *b c* d', [text('a '), { type: 'bold', children: [text('b c')] }, text(' d')]],
    ['nested styles', '*a _b_*', [{ type: 'bold', children: [text('a '), { type: 'italic', children: [text('b')] }] }]],
    ['strike', '~x~', [{ type: 'strike', children: [text('x')] }]],
    ['a star with space inside is text', '2 * 3 * 4', [text('2 * 3 * 4')]],
    ['a lone leading underscore is text', '_a1b2 and _c3', [text('_a1b2 and _c3')]],
    ['underscores inside a word are text', 'a snake_case_name', [text('a snake_case_name')]],
    ['a style does not cross lines', '*a\nb*', [text('*a'), { type: 'break' }, text('b*')]],
    ['a style may hold a link', '*<https://a.test|A>*', [{ type: 'bold', children: [link('https://a.test', 'A')] }]],
    ['code keeps its marks', '`*a* &lt;b&gt;`', [{ type: 'code', text: '*a* <b>' }]],
    ['code is not linked', '`shop.example.com`', [{ type: 'code', text: 'shop.example.com' }]],
    ['code shows the label of a link', '`<http://a.com|a.com>`', [{ type: 'code', text: 'a.com' }]],
    ['pre', 'x\n```\na\nb\n```\ny', [text('x'), { type: 'pre', text: 'a\nb' }, text('y')]],
    ['an unpaired fence is text', 'a ```b', [text('a ```b')]],
    ['quote', '&gt; a\n&gt; b\nc', [{ type: 'quote', children: [text('a'), { type: 'break' }, text('b')] }, text('c')]],
    ['quote to the end', 'x\n&gt;&gt;&gt; a\nb', [text('x'), { type: 'quote', children: [text('a'), { type: 'break' }, text('b')] }]],
    ['user', '<@U01AB> hi', [{ type: 'user', id: 'U01AB', label: '' }, text(' hi')]],
    ['channel with a name', '<#C01|ops>', [{ type: 'channel', id: 'C01', label: 'ops' }]],
    ['broadcast', '<!here>', [{ type: 'broadcast', range: 'here' }]],
    ['an escaped broadcast is text', '&lt;!channel&gt;', [text('<!channel>')]],
    ['link', '<https://a.test/?x=1&amp;y=2|see &lt;it&gt;>', [link('https://a.test/?x=1&y=2', 'see <it>')]],
    ['mail link', '<mailto:a@b.test>', [link('mailto:a@b.test', 'a@b.test')]],
    ['a script link goes nowhere', '<javascript:alert(1)|x>', [link('', 'x')]],
    ['what Slack does not know is text', '<b>no</b>', [text('<b>no</b>')]],
    ['date', 'on <!date^1764020000^{date_short} at {time}|Nov 24>', [text('on '), { type: 'date', timestamp: 1764020000, format: '{date_short} at {time}', url: '', fallback: 'Nov 24', leads: false }]],
    ['date with a link', '<!date^1^{date}^https://a.test/|x>', [{ type: 'date', timestamp: 1, format: '{date}', url: 'https://a.test/', fallback: 'x', leads: true }]],
    ['emoji', ':lock: :no_such_emoji:', [{ type: 'emoji', name: 'lock', text: '🔒' }, text(' :no_such_emoji:')]],
    ['emoji with a skin tone', ':wave::skin-tone-3:', [{ type: 'emoji', name: 'wave::skin-tone-3', text: '👋🏼' }]],
    ['a clock time is no emoji', '12:30:45', [text('12:30:45')]],
    ['bare URL', 'see https://a.test/x_y_z.', [text('see '), link('https://a.test/x_y_z'), text('.')]],
    ['bare host', 'for shop.example.com, now', [text('for '), link('http://shop.example.com', 'shop.example.com'), text(', now')]],
    ['bare host with a path', 'a.example.com/b?c', [link('http://a.example.com/b?c', 'a.example.com/b?c')]],
    ['bold host', '*a.example.com*', [{ type: 'bold', children: [link('http://a.example.com', 'a.example.com')] }]],
    ['a file name is no host', 'main.go and run.sh', [text('main.go and run.sh')]],
    ['a record name is no host', '_a1.shop.example.com', [text('_a1.shop.example.com')]],
    ['a mail address is no host', 'a@example.com', [text('a@example.com')]],
    ['a longer name is not cut', 'example.com.internal', [text('example.com.internal')]],
  ];
  test.each(cases)('%s', (_, source, want) => expect(parse(source)).toEqual(want));

  test('verbatim text is not linked', () => {
    expect(parse('shop.example.com https://a.test', { verbatim: true })).toEqual([text('shop.example.com https://a.test')]);
  });

  test('escaped text comes back as it was', () => {
    const source = 'a <b> & *c* <!channel>';
    expect(plainText(parse(escape(source).replaceAll('*', '')))).toBe(source.replaceAll('*', ''));
  });
});

test('plain text knows emoji and nothing else', () => {
  expect(plain('*a* :warning: a.example.com')).toEqual([text('*a* '), { type: 'emoji', name: 'warning', text: '⚠️' }, text(' a.example.com')]);
});

test.each([
  ['https://a.test/', 'https://a.test/'],
  ['mailto:a@b.test', 'mailto:a@b.test'],
  ['JavaScript:alert(1)', ''],
  ['data:text/html,x', ''],
  ['/relative', ''],
])('safeUrl(%s)', (url, want) => expect(safeUrl(url)).toBe(want));
