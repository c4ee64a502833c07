// What the mock workspace is made of: people, channels and replies such as the
// bot gives. Only the page's development uses it.

export const users = [
  ['U0ADANA001', 'dana', 'Dana Kovač', 'DK', '#2b6cb0'],
  ['U0ALEE0001', 'lee', 'Lee Okafor', 'LO', '#2f855a'],
  ['U0ASAM0001', 'sam', 'Sam Ibarra', 'SI', '#b7791f'],
  ['U0AKIT0001', 'kit', 'Kit Larsen', 'KL', '#805ad5'],
].map(([id, name, real_name, initials, color]) => ({ id, name, real_name, initials, color, is_bot: false, is_guest: name === 'kit' }));
export const botUser = { id: 'U0AACMBOT1', name: 'acm-doctor', real_name: 'acm-doctor', initials: 'AD', color: '#1d3557', is_bot: true, is_guest: false };

export const channels = [
  { id: 'C0AOPSCERT', name: 'ops-certificates', kind: 'channel', topic: 'Certificates that need a human', bot_member: true },
  { id: 'C0APLATFRM', name: 'platform', kind: 'channel', topic: 'What everything runs on', bot_member: false },
  { id: 'C0ASECINC1', name: 'cert-incidents', kind: 'private', topic: 'Sensitive incidents', bot_member: false },
];

const plain = (text) => ({ type: 'plain_text', text, emoji: true });
const mrkdwn = (text) => ({ type: 'mrkdwn', text });
const button = (action_id, text, more = {}) => ({ type: 'button', action_id, text: plain(text), value: 'shop.example.com', ...more });
const pre = (text) => ({ type: 'rich_text_preformatted', elements: [{ type: 'text', text }] });
const line = (...elements) => ({ type: 'rich_text_section', elements });
const text = (value, style) => ({ type: 'text', text: value, ...(style && { style }) });
const in5days = Math.floor(Date.now() / 1000) + 5 * 86400;

export const diagnosis = [
  { type: 'header', block_id: 'h', text: plain(':red_circle: shop.example.com expires in 5 days and cannot renew') },
  { type: 'section', block_id: 's1', text: mrkdwn(`*The validation CNAME is missing.* ACM has been asking for it since <!date^${in5days - 55 * 86400}^{date_short}|Oct 4>; the four name servers of \`example.com\` answer that the name does not exist.`) },
  { type: 'section', block_id: 's2', fields: [
    mrkdwn(`*Expires*\n<!date^${in5days}^{date_short_pretty} at {time}|soon>`), mrkdwn('*Status*\nPending validation'),
    mrkdwn('*Account*\nshop-production (`111122223333`)'), mrkdwn('*In use by*\n2 load balancers, 1 distribution'),
  ] },
  { type: 'rich_text', block_id: 'r', elements: [
    line(text('Add this record to the zone '), text('example.com', { bold: true }), text(' at Route 53:')),
    line(text('Name', { bold: true })), pre('_3f1c6d8b9a7e4c52b1d0e9f8a7c6b5d4.shop.example.com.'),
    line(text('Type '), text('CNAME', { code: true }), text('   Value', { bold: true })), pre('_a79865eb4cd1a6ab990a45779b4e0b96.mhbtsbpdnt.acm-validations.aws.'),
  ] },
  { type: 'actions', block_id: 'a', elements: [
    button('recheck', 'Check again', { style: 'primary', accessibility_label: 'Check shop.example.com again' }),
    button('share', 'Post to channel', { confirm: { title: plain('Post to #ops-certificates?'), text: mrkdwn('Everybody in *#ops-certificates* will see this diagnosis.'), confirm: plain('Post'), deny: plain('Keep private') } }),
    button('evidence', 'Show evidence'),
    button('console', 'Open in ACM', { url: 'https://console.aws.amazon.com/acm/home' }),
    { type: 'overflow', action_id: 'more', options: ['Snooze…', 'Copy as Terraform', 'Copy as AWS CLI'].map((t, i) => ({ text: plain(t), value: `o${i}` })) },
  ] },
  { type: 'context', block_id: 'c', elements: [mrkdwn(`:mag: Checked <!date^${Math.floor(Date.now() / 1000)}^{date_short_pretty} at {time}|now> · ACM, 4 name servers, 3 resolvers · read-only`)] },
];

export const digest = [
  { type: 'header', block_id: 'h', text: plain(':lock: 3 certificates need a human') },
  { type: 'context', block_id: 'c0', elements: [mrkdwn('41 watched in 3 accounts · 1 more than yesterday')] },
  { type: 'divider', block_id: 'd1' },
  ...[
    [':red_circle:', 'shop.example.com', '5 days', 'Validation CNAME is missing', 'Why?'],
    [':large_orange_circle:', '*.api.example.com', '19 days', 'CAA record forbids Amazon', 'Why?'],
    [':large_yellow_circle:', 'legacy.example.net', '38 days', 'The domain’s delegation is lame', 'Why?'],
  ].map(([mark, name, days, cause], i) => ({
    type: 'section', block_id: `row${i}`, text: mrkdwn(`${mark} *${name.replace('*', '∗')}* · *${days}* left\n${cause} · \`eu-central-1\` · <@U0ADANA001>`), accessory: button(`why${i}`, 'Why?'),
  })),
  { type: 'actions', block_id: 'a', elements: [button('digest_settings', 'Settings'), { type: 'static_select', action_id: 'sort', placeholder: plain('Sort by'), options: ['Soonest first', 'Account', 'Cause'].map((t, i) => ({ text: plain(t), value: `s${i}` })) }] },
  { type: 'context', block_id: 'c', elements: [mrkdwn(':white_check_mark: Renewed since yesterday: `www.example.com`, `login.example.com`')] },
];

export const evidenceTable = [
  { type: 'section', block_id: 's', text: mrkdwn('What the name servers answered:') },
  { type: 'table', block_id: 't', column_settings: [{ is_wrapped: true }, {}, { align: 'right' }], rows: [
    ['Server', 'Answer', 'ms'], ['ns-101.awsdns-12.com', 'NXDOMAIN', '14'], ['ns-902.awsdns-48.net', 'NXDOMAIN', '21'], ['ns-1530.awsdns-63.org', 'timeout', '2000'],
  ].map((r) => r.map((t) => ({ type: 'raw_text', text: t }))) },
];

export const help = {
  blocks: [
    { type: 'markdown', block_id: 'm', text: '## What I can do\n- `/acm why <domain>` explains **one** certificate\n- `/acm list` shows what needs a human\n\n1. ask\n2. fix\n\n```\n/acm why shop.example.com\n```\n> I only read; <b>nothing</b> is changed.\n\n| Word | Meaning |\n|---|---:|\n| why | 1 |' },
  ],
};

const option = (t, value = t, description) => ({ text: plain(t), value, ...(description && { description: plain(description) }) });
export const subscribeView = (errors) => ({
  type: 'modal', callback_id: 'subscribe', title: plain('Daily digest'), submit: plain('Subscribe'), close: plain('Cancel'), private_metadata: '', errors,
  blocks: [
    { type: 'section', block_id: 'intro', text: mrkdwn('Every morning, the certificates that need a human. :sunrise:') },
    { type: 'input', block_id: 'where', label: plain('Channel'), element: { type: 'conversations_select', action_id: 'channel', default_to_current_conversation: true, placeholder: plain('Choose a channel') } },
    { type: 'input', block_id: 'cert', label: plain('Certificate'), optional: true, hint: plain('Leave it empty to watch all of them.'), element: { type: 'external_select', action_id: 'certificate', min_query_length: 2, placeholder: plain('Type a domain') } },
    { type: 'input', block_id: 'owners', label: plain('Mention'), optional: true, element: { type: 'multi_users_select', action_id: 'owners', placeholder: plain('Choose people') } },
    { type: 'input', block_id: 'days', label: plain('Warn from'), element: { type: 'number_input', action_id: 'days', is_decimal_allowed: false, min_value: '1', max_value: '60', initial_value: '30' } },
    { type: 'input', block_id: 'time', label: plain('Time of day'), element: { type: 'timepicker', action_id: 'time', initial_time: '08:30' } },
    { type: 'input', block_id: 'from', label: plain('Starting'), optional: true, element: { type: 'datepicker', action_id: 'from', placeholder: plain('Choose a date') } },
    { type: 'input', block_id: 'what', label: plain('Include'), element: { type: 'checkboxes', action_id: 'what', options: [option('Expiring', 'exp', 'Fewer days left than above'), option('Failed', 'fail'), option('Renewed', 'ok')], initial_options: [option('Expiring', 'exp', 'Fewer days left than above')] } },
    { type: 'input', block_id: 'quiet', label: plain('On quiet days'), element: { type: 'radio_buttons', action_id: 'quiet', options: [option('Say nothing', 'no'), option('Post one line', 'yes')], initial_option: option('Say nothing', 'no') } },
    { type: 'input', block_id: 'note', label: plain('Note'), optional: true, element: { type: 'plain_text_input', action_id: 'note', multiline: true, max_length: 200, placeholder: plain('Shown above the list') } },
  ],
});

export const evidenceView = {
  type: 'modal', callback_id: 'evidence', title: plain('Evidence'), close: plain('Close'), submit: null, private_metadata: '',
  blocks: [
    { type: 'section', block_id: 's0', text: mrkdwn('*ACM* says `PENDING_VALIDATION` for `shop.example.com`.') },
    ...evidenceTable,
    { type: 'actions', block_id: 'a', elements: [button('deeper', 'Trace the delegation'), button('slow', 'Ask slowly')] },
  ],
};

export const homeView = {
  id: 'VHOME', type: 'home', blocks: [
    { type: 'header', block_id: 'h', text: plain('Certificates at a glance') },
    { type: 'section', block_id: 's', text: mrkdwn(':lock: *41* watched · :red_circle: *1* failing · :large_yellow_circle: *2* expiring within 45 days'), accessory: button('home_refresh', 'Refresh') },
    { type: 'actions', block_id: 'search', elements: [{ type: 'external_select', action_id: 'find', min_query_length: 1, placeholder: plain('Find a certificate') }, button('subscribe', 'Daily digest…', { style: 'primary' }), button('remove', 'Stop everything', { style: 'danger', confirm: { title: plain('Stop?'), text: plain('No more digests.'), confirm: plain('Stop'), deny: plain('Keep'), style: 'danger' } })] },
    { type: 'divider', block_id: 'd' },
    ...digest.filter((b) => b.block_id.startsWith('row')),
    { type: 'divider', block_id: 'd2' },
    { type: 'input', block_id: 'tz', dispatch_action: true, label: plain('Your time zone'), element: { type: 'static_select', action_id: 'zone', options: ['UTC', 'Europe/Berlin', 'America/New_York'].map((z) => option(z)), initial_option: option('UTC') } },
    { type: 'context', block_id: 'c', elements: [mrkdwn('acmbot demo · reads ACM in `111122223333` and 2 more accounts')] },
  ],
};

export const everything = [
  { type: 'rich_text', block_id: 'r', elements: [
    line(text('Rich '), text('bold', { bold: true }), text(' '), text('italic', { italic: true }), text(' '), text('struck', { strike: true }), text(' '), text('code', { code: true }), text(' '), { type: 'link', url: 'https://docs.aws.amazon.com/acm/', text: 'a link' }, text(' '), { type: 'link', url: 'javascript:alert(1)', text: 'a bad link' }, text(' '), { type: 'emoji', name: 'tada' }, text(' '), { type: 'user', user_id: 'U0ALEE0001' }, text(' '), { type: 'channel', channel_id: 'C0APLATFRM' }, text(' '), { type: 'broadcast', range: 'here' }),
    { type: 'rich_text_list', style: 'ordered', indent: 0, elements: [line(text('first')), line(text('second'))] },
    { type: 'rich_text_list', style: 'bullet', indent: 1, elements: [line(text('nested')), line(text('more'))] },
    { type: 'rich_text_quote', elements: [text('as quoted\nover two lines')] },
    { type: 'rich_text_preformatted', elements: [text('dig +short CNAME _3f1c6d8b.shop.example.com\n# nothing\naws acm describe-certificate --certificate-arn arn:aws:acm:eu-central-1:111122223333:certificate/7a2f8d1e-0000-4000-8000-000000000001')] },
  ] },
  ...evidenceTable,
  { type: 'section', block_id: 'long', text: mrkdwn('<script>alert(1)</script> &lt;b&gt;safe&lt;/b&gt; *bold* _italic_ ~gone~ `code` <https://example.com|link> :hourglass_flowing_sand: :no_such: shop.example.com\n&gt; quoted\n```\npre shop.example.com\n```after') },
  { type: 'unknown_thing', block_id: 'u' },
];
