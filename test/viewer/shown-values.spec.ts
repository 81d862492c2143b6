import { describe, expect, it } from '@jest/globals';
import { ACCESS_LOG_FIELD_NAMES } from '../../src/records/fields.js';
import { isHidden } from '../../src/viewer/hidden-names.js';
import { shownText } from '../../src/viewer/shown-text.js';
import { shownContent, shownValue } from '../../src/viewer/shown-values.js';

const HIDDEN = [
  ...['http.request.header.authorization', 'http.request.header.content-type', 'req.headers.x'],
  ...['headers', 'rawHeaders', 'reqHeaders', 'RESPONSE_HEADERS', 'http-headers', 'httpheaders'],
  ...['http.request.header.id', 'messaging.headers', 'rpc.grpc.request.metadata.k', 'metadata'],
  ...[
    'body',
    'requestBody',
    'request_body',
    'req.body.user',
    'RequestBODY',
    'bOdY',
    'responsebody',
  ],
  ...[
    'http.response.body',
    'body.text',
    'rawbody',
    'ｂｏｄｙ',
    'bo\u200bdy',
    'messaging.message.body',
  ],
  ...['payload', 'event.payload', 'job.data', 'jobData', 'response.data', 'message.content'],
  ...['params', 'req.params.id', 'queryParams', 'queryparams', 'db.operation.parameter.0'],
  ...['db.query.parameter.password', 'db.query.parameters', 'sql.bindings', 'sql.values', 'args'],
  ...['param0', 'gen_ai.tool.call.arguments', 'process.command_args', 'process.command_line'],
  ...[
    'graphql.variables.password',
    'variables',
    'url.query',
    'query',
    'queryString',
    'searchParams',
  ],
  ...['cookie', 'cookies', 'set-cookie', 'req.cookies.sid', 'auth', 'proxy-auth', 'oauth', 'pass'],
  ...[
    'password',
    'dbPassword',
    'access_token',
    'x-api-key',
    'apiKey',
    'jwt',
    'authorization',
    'dsn',
  ],
  ...[
    'client.secret',
    'aws.credentials',
    'connection_string',
    'db.connection-string',
    'user_agent',
  ],
  ...['user_agent.original', 'referer', 'formData', 'headers.count.x', 'url.fragment'],
  ...['process.environment.HOME', 'process.env.HOME', 'env', 'environ', 'env.HOME', 'execArgv'],
  ...['process.environment_variable.HOME', 'environment-variables', 'envVars', 'process.title'],
  ...['process.command', 'process.cmd', 'cmd_line', 'command.args', 'container.command'],
  ...['hdrs', 'reqHdr', 'connStr', 'response.text', 'kafka.message.value'],
];
const SHOWN = [
  ...['http.request.method', 'http.response.status_code', 'http.route', 'url.path', 'url.scheme'],
  ...['db.query.text', 'db.query.summary', 'db.statement', 'db.system.name', 'db.collection.name'],
  ...['query_id', 'queryName', 'rpc.method', 'rpc.service', 'rpc.system', 'server.address'],
  ...['code.function.name', 'code.function', 'code.file.path', 'thread.name', 'messaging.system'],
  ...[
    'messaging.destination.name',
    'messaging.message.id',
    'session.id',
    'enduser.id',
    'error.type',
  ],
  ...['graphql.operation.name', 'graphql.operation.type', 'gen_ai.request.model', 'author', 'host'],
  ...[
    'cache.hit',
    'exception.type',
    'k8s.pod.name',
    'platform',
    'information',
    'antibody',
    'user.id',
  ],
  ...[
    'auth.method',
    'content.type',
    'orderId',
    'amount',
    'attempt',
    'feature_flag.key',
    'deployment',
  ],
  ...[
    'deployment.environment',
    'deployment.environment.name',
    'environment',
    'NODE_ENV',
    'env.name',
  ],
  ...['cmd', 'command', 'command.name', 'passenger', 'passport', 'secretary', 'bypass', 'compass'],
  ...['person.needs', 'author.id', 'everybody', 'bodyguard', 'shipping', 'opinion', 'tokenizer'],
  ...['heading', 'paramedic', 'envelope', 'form_factor', 'process.executable.path'],
];
/** Shown where the value is a number. */
const MEASURES = [
  ...['http.response.body.size', 'http.request.body.size', 'messaging.message.body.size'],
  ...['http.request_content_length', 'http.response_content_length', 'headers.count', 'bodySize'],
  ...['responseBodyBytes', 'query.duration_ms', 'params_count', 'payload_size_bytes'],
  ...['gen_ai.usage.input_tokens', 'prompt_tokens', 'totalTokens', 'tokens.input'],
];

it.each(HIDDEN)('hides %s', (name) => {
  expect([isHidden(name, 'text'), isHidden(name, 7)]).toEqual([true, true]);
});
it.each(SHOWN)('shows %s', (name) => {
  expect([isHidden(name, 'text'), isHidden(name, 7)]).toEqual([false, false]);
});
it.each(MEASURES)('shows %s, which is a number', (name) => {
  expect([isHidden(name, 7), isHidden(name, '7')]).toEqual([false, false]);
});
it('hides what only looks like a measure', () => {
  expect(isHidden('http.response.body.size', '{"a":1}')).toBe(true);
  expect(isHidden('refreshTokens', 'abc')).toBe(true);
  expect(isHidden('refreshTokens', ['abc'])).toBe(true);
});
it('hides an environment with its variables', () => {
  expect(isHidden('environment', { HOME: '/root' })).toBe(true);
  expect(isHidden('app.environment', ['HOME=/root'])).toBe(true);
});
// On the line of another logger, these two are what the caller has sent.
const OF_CALLER: ReadonlySet<string> = new Set(['query', 'user_agent']);
it.each(ACCESS_LOG_FIELD_NAMES.filter((name) => !OF_CALLER.has(name)))(
  'shows %s of the access log line',
  (name) => {
    expect(isHidden(name, 'text')).toBe(false);
  },
);

describe('a value', () => {
  it.each<[string, unknown, unknown]>([
    [
      'an object',
      { req: { headers: { a: 1 }, id: 7 }, user: { password: 'x' } },
      { req: { id: 7 }, user: {} },
    ],
    ['a list', [{ body: 1, ok: 2 }], [{ ok: 2 }]],
    [
      'names and values',
      [
        { name: 'Cookie', value: 'x' },
        { key: 'n', value: 1 },
      ],
      [{ name: 'Cookie' }, { key: 'n', value: 1 }],
    ],
    [
      'entries of a map',
      [
        ['password', 'x'],
        ['n', 1],
      ],
      [['password'], ['n', 1]],
    ],
    ['JSON in a text', '{"password":"x","n":1}', '{"n":1}'],
    ['JSON in JSON', '{"a":"{\\"token\\":1}"}', '{"a":"{}"}'],
    ['JSON that was cut', '{"n":1,"headers":{"x":"y', '{"n":1,"headers":{…'],
    ['JSON that was cut in a secret', '{"n":1,"password":"abc', '{"n":1,"password":"…"'],
    ['other JSON', '{ "n": 1 }', '{ "n": 1 }'],
    [
      'odd names',
      JSON.parse('{"__proto__":{"body":1},"constructor":2}'),
      JSON.parse('{"__proto__":{},"constructor":2}'),
    ],
  ])('is filtered in %s', (_what, value, shown) => {
    expect(JSON.stringify(shownContent(value))).toBe(JSON.stringify(shown));
    expect(JSON.stringify(shownValue('event', value))).toBe(JSON.stringify(shown));
  });

  it('has no text of a statement', () => {
    const sql = "SELECT a1 FROM t2 WHERE b = 'it''s' AND c = 12.5 AND d = $1";
    expect(shownValue('db.query.text', sql)).toBe(
      'SELECT a1 FROM t2 WHERE b = ? AND c = 12.5 AND d = $1',
    );
    expect(shownValue('db.statement', 'find {"email": "a@b.c"}')).toBe('find {"email": ?}');
  });
});

it.each([
  ['http://alice:secret@stock.internal/items', 'http://stock.internal/items'],
  ['https://a.example/x?y=z#f', 'https://a.example/x'],
  ['//u:p@h/x', '//h/x'],
  ['postgres://u:p/w?d#x@db:5432/shop', 'postgres://db:5432/shop'],
  ['redis://:pw@[::1]:6379', 'redis://[::1]:6379'],
  ['https://registry.example/@nestjs/core', 'https://registry.example/@nestjs/core'],
  ['http://[::1]:80/@a', 'http://[::1]:80/@a'],
  ['/items?token=1', '/items'],
  ['alice:secret@db.internal:5432', 'db.internal:5432'],
  ['u:p@tcp(db:3306)/x', 'tcp(db:3306)/x'],
  ['calling http://a:b@h/x?y=1 now', 'calling http://h/x?y=1 now'],
  ['GET http://h/x?api_key=abc&y=1 failed', 'GET http://h/x?api_key=…&y=1 failed'],
  ['Server=a;Password=b c;Port=1', 'Server=a;Password=… c;Port=1'],
  ['sent Bearer abcdefgh12345', 'sent Bearer …'],
  ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', 'jwt …'],
  ['plain text: 12:30 a@b', 'plain text: 12:30 a@b'],
])('the text %j is shown as %j', (text, shown) => {
  expect(shownText(text)).toBe(shown);
});

it.each(["'", 'eyJ-', '"a"', '{"', 'a=', 'x://', ' Bearer ', '\\"', '[', ':@', '%'])(
  'is quick with 4 MB of %j',
  (part) => {
    const text = part.repeat(4_000_000 / part.length);
    const before = process.cpuUsage();
    shownText(text);
    shownValue('db.statement', text);
    shownValue(
      'list',
      Array.from({ length: 1000 }, () => text),
    );
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  },
);
