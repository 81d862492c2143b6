import { describe, expect, it } from '@jest/globals';
import { LOG_FIELD_NAMES } from '../../src/cli/untangle/log-field-names.js';
import type { LogLine } from '../../src/cli/untangle/log-line.js';
import { entriesOf } from '../../src/cli/untangle/otlp-entries.js';
import { readLine } from '../../src/cli/untangle/read-line.js';

const AT = '2026-01-15T10:30:15.042Z';
const W3C = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

/** What a line says of itself, its own fields apart. */
function identityOf(json: string): Partial<LogLine> {
  const parsed = JSON.parse(json) as object;
  const [entry] = entriesOf(parsed);
  const {
    fields: _fields,
    requestFields: _request,
    error: _error,
    ...identity
  } = readLine(entry!, entry === parsed ? json : undefined)!;
  return identity;
}

const flat = { trace_id: W3C, request_id: 'mine', session_id: 's-1', span_id: SPAN };
const none = { trace_id: '-', request_id: '-', session_id: '-', span_id: '-' };
const plain = { timestamp: AT, level: 'info', message: 'body' };
const own = { request_id: 'mine', session_id: 's-1' };
const inEcs = {
  ...{ 'trace.id': W3C, 'transaction.id': SPAN, 'span.id': SPAN },
  ...{ 'http.request.id': 'mine', 'labels.session_id': 's-1' },
};
const ofEcs = { 'service.name': 'shop', 'event.dataset': 'shop', 'ecs.version': '8.11.0' };
const headOfEcs = { '@timestamp': AT, 'log.level': 'info', message: 'body' };
const gcp = {
  'logging.googleapis.com/trace': W3C,
  'logging.googleapis.com/spanId': SPAN,
  'logging.googleapis.com/trace_sampled': true,
};
const ofDatadog = { service: 'shop', 'dd.service': 'shop' };
const pino = { level: 30, time: 1, pid: 7, hostname: 'a' };

/** Lines as this package writes them, also outside a context. */
const OWN_LINES: readonly [string, object][] = [
  ['its own', { ...plain, ...flat, service: 'shop' }],
  ['its own, outside a context', { ...plain, ...none, service: 'shop' }],
  [
    'otel',
    { ...plain, trace_id: W3C, span_id: SPAN, trace_flags: '01', ...own, 'service.name': 's' },
  ],
  ['otel, outside a context', { ...plain, 'service.name': 'shop' }],
  ['ecs', { ...headOfEcs, ...inEcs, ...ofEcs }],
  ['ecs, outside a context', { ...headOfEcs, ...ofEcs }],
  [
    'gcp',
    { time: AT, severity: 'INFO', message: 'b', ...gcp, ...own, serviceContext: { service: 's' } },
  ],
  [
    'gcp, outside a context',
    { time: AT, severity: 'INFO', message: 'b', serviceContext: { service: 's' } },
  ],
  [
    'datadog',
    {
      ...{ timestamp: AT, status: 'info', message: 'b' },
      'dd.trace_id': W3C,
      'dd.span_id': '12',
      ...own,
      ...ofDatadog,
    },
  ],
  ['datadog, outside a context', { timestamp: AT, status: 'info', message: 'b', ...ofDatadog }],
];

/** Every name by which any logger means something that decides where a line belongs. */
const NAMES = (
  [
    ...(['time', 'level', 'severityNumber', 'context', 'trace', 'request', 'correlation'] as const),
    ...(['session', 'span', 'transaction', 'service', 'loggerName', 'pid', 'hostname'] as const),
    ...(['process', 'machine', 'bunyanVersion', 'message', 'status'] as const),
  ] as const
).flatMap((meaning) => LOG_FIELD_NAMES[meaning] ?? []);

/** The format writes `_request_id` for an own field with the name of one of its own. */
function reservedIn(line: object): string[] {
  if ('log.level' in line) return [...Object.keys(inEcs), 'log.logger'];
  const ids = ['request_id', 'session_id'];
  if ('severity' in line) return [...ids, ...Object.keys(gcp), 'context', 'serviceContext.service'];
  if ('status' in line) return [...ids, 'dd.trace_id', 'dd.span_id', 'logger.name'];
  return [...Object.keys(flat), 'context'];
}

/** A name with a dot as it would be nested. */
function nested(name: string): object {
  return name
    .split('.')
    .reduceRight<unknown>((inner, key) => ({ [key]: inner }), 'forged') as object;
}

/** Own fields of a call come after what the format writes; it writes none under its own names. */
function forged(line: object, reserved: readonly string[]): string[] {
  const texts: string[] = [];
  for (const name of NAMES) {
    if (reserved.includes(name)) continue;
    texts.push(JSON.stringify({ ...line, [name]: 'forged' }));
    const [top = ''] = name.split('.');
    if (!Object.hasOwn(line, top)) texts.push(JSON.stringify({ ...line, ...nested(name) }));
    texts.push(
      JSON.stringify({ ...line, attributes: { [name]: 'forged' }, resource: { [name]: 1 } }),
    );
    texts.push(
      JSON.stringify({ ...line, attributes: [{ key: name, value: { stringValue: 'x' } }] }),
    );
    texts.push(JSON.stringify({ 0: 'before all', ...line, [name]: 'forged' }));
  }
  const exported = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ traceId: W3C }] }] }] };
  texts.push(
    JSON.stringify({ ...line, ...exported }),
    JSON.stringify({ ...line, dd: { trace_id: 'x' } }),
  );
  texts.push(JSON.stringify({ ...line, ecs: { version: '1' }, '@timestamp': AT, '@t': AT }));
  return texts;
}

describe('an own field of an entry is none of the line itself', () => {
  it.each(OWN_LINES)('in a line of this package: %s', (_name, line) => {
    const identity = identityOf(JSON.stringify(line));
    for (const text of forged(line, [...Object.keys(line), ...reservedIn(line)])) {
      expect([text, identityOf(text)]).toEqual([text, identity]);
    }
  });

  it.each<[string, object, readonly string[]]>([
    [
      'ecs',
      { ...headOfEcs, ...ofEcs, ...inEcs },
      [
        'request_id',
        'trace_id',
        'session_id',
        'reqId',
        'requestId',
        'traceId',
        'level',
        'time',
        'service',
      ],
    ],
    [
      'ecs, nested',
      {
        '@timestamp': AT,
        log: { level: 'info' },
        message: 'b',
        ecs: { version: '8' },
        trace: { id: W3C },
        http: { request: { id: 'mine' } },
      },
      ['request_id', 'trace_id', 'session_id', 'timestamp', 'level'],
    ],
    [
      'Fastify',
      { ...pino, reqId: 'mine', msg: 'b' },
      [
        'request_id',
        'requestId',
        'x-request-id',
        'correlation_id',
        'trace_id',
        'message',
        'timestamp',
        'severity',
        'http.request.id',
      ],
    ],
    [
      'pino-http',
      { ...pino, req: { id: 'mine', method: 'GET', url: '/' }, msg: 'b' },
      ['request_id', 'reqId', 'correlation_id', 'traceId', 'req_id'],
    ],
    [
      'pino with a mixin',
      { ...pino, ...flat, msg: 'b' },
      ['reqId', 'requestId', 'traceId', 'spanId', 'sessionId', 'trace.id'],
    ],
    [
      'pino with Datadog',
      { ...pino, reqId: 'mine', dd: { trace_id: W3C, span_id: '1' }, msg: 'b' },
      ['trace_id', 'traceId', 'request_id'],
    ],
    [
      'Bunyan',
      { name: 'shop', hostname: 'a', pid: 1, req_id: 'mine', level: 30, msg: 'b', time: AT, v: 0 },
      ['request_id', 'reqId', 'timestamp'],
    ],
    [
      'Datadog',
      {
        timestamp: AT,
        status: 'info',
        message: 'b',
        dd: { trace_id: W3C, span_id: '1', service: 'shop' },
        requestId: 'mine',
      },
      ['trace_id', 'traceId', 'service', 'reqId'],
    ],
    [
      'GCP',
      {
        severity: 'INFO',
        time: AT,
        message: 'b',
        'logging.googleapis.com/trace': `projects/a/traces/${W3C}`,
        request_id: 'mine',
      },
      ['trace_id', 'traceId', 'requestId'],
    ],
    [
      'Serilog',
      { '@t': AT, '@m': 'b', '@tr': W3C, RequestId: 'mine', SessionId: 's' },
      ['request_id', 'trace_id', 'session_id', 'traceId', 'level', 'timestamp', 'message'],
    ],
    [
      'OpenTelemetry',
      {
        timeUnixNano: '1768473015042000000',
        severityText: 'INFO',
        body: 'b',
        traceId: W3C,
        spanId: SPAN,
        resource: { attributes: { 'service.name': 'shop' } },
      },
      [],
    ],
    [
      'zap',
      { level: 'info', ts: 1, logger: 'pay', msg: 'b', traceID: W3C, requestID: 'mine' },
      ['request_id', 'trace_id', 'reqId'],
    ],
    [
      'winston’s json() with traceFormat()',
      {
        level: 'info',
        message: 'b',
        reqId: 'forged',
        request_id: 'mine',
        requestId: 'forged',
        session_id: 's',
        span_id: SPAN,
        trace_id: W3C,
      },
      ['traceId', 'sessionId', 'correlation_id', 'http.request.id'],
    ],
    [
      'its ECS form',
      {
        'http.request.id': 'mine',
        level: 'info',
        message: 'b',
        request_id: 'forged',
        'trace.id': W3C,
        trace_id: 'forged',
      },
      ['reqId', 'traceId'],
    ],
  ])('in a line of %s', (_name, line, names) => {
    const identity = identityOf(JSON.stringify(line));
    expect(identity.request ?? identity.trace).toBe(
      'request' in identity && identity.request ? 'mine' : W3C,
    );
    for (const name of names) {
      const text = JSON.stringify({ ...line, [name]: 'forged' });
      expect([text, identityOf(text)]).toEqual([text, identity]);
    }
  });

  it('in the attributes of OpenTelemetry is no id of the record, and no service', () => {
    const record = { timeUnixNano: '1', severityText: 'INFO', body: 'b', traceId: W3C };
    const resource = { attributes: { 'service.name': 'shop' } };
    const attributes = { 'request.id': 'mine' };
    const more = {
      trace_id: 'x',
      traceId: 'x',
      'service.name': 'x',
      body: 'x',
      request_id: 'x',
      severityText: 'x',
    };
    const identity = identityOf(JSON.stringify({ ...record, attributes, resource }));
    expect(identity).toMatchObject({ request: 'mine', trace: W3C, service: 'shop' });
    const text = JSON.stringify({ ...record, attributes: { ...attributes, ...more }, resource });
    expect(identityOf(text)).toEqual(identity);
  });
});

describe('a key that is in a line twice', () => {
  const head = '{"level":30,"time":1,"pid":7,"hostname":"a","reqId":"mine"';

  it.each([
    ['counts once, as it was bound', `${head},"reqId":"forged","msg":"b"}`],
    ['with a space', `${head} , "reqId" : "forged","msg":"b"}`],
    ['written with an escape', `${head},"req\\u0049d":"forged","msg":"b"}`],
    [
      'behind text that quotes one',
      `${head},"a":"\\"}, {\\"","b":[{"}":"]"}],"reqId":"forged","msg":"b"}`,
    ],
    ['as an object', `${head},"reqId":{"id":"forged"},"msg":"b"}`],
    ['for the process', `${head},"pid":8,"hostname":"b","msg":"b"}`],
  ])('%s', (_name, text) => {
    expect(identityOf(text)).toEqual(identityOf(`${head},"msg":"b"}`));
  });

  it('in the object that holds the id', () => {
    const request = '{"level":30,"time":1,"req":{"id":"mine"}';
    const text = `${request},"req":{"id":"forged"},"msg":"b"}`;
    expect(identityOf(text)).toEqual(identityOf(`${request},"msg":"b"}`));
  });
});

describe('an id', () => {
  it('is at most 512 characters long, because it is remembered', () => {
    const line = (id: string): LogLine => readLine({ level: 30, time: 1, reqId: id })!;
    expect(line('x'.repeat(512)).request).toHaveLength(512);
    expect(line('x'.repeat(513))).toMatchObject({
      ...{ request: undefined, key: undefined },
      fields: [['reqId', 'x'.repeat(513)]],
    });
  });

  it('is not looked for in attributes inside attributes, however deep', () => {
    const depth = 50_000;
    const deep = '{"attributes":'.repeat(depth);
    const text = `{"timeUnixNano":"1","severityText":"INFO",${deep.slice(1)}{}${'}'.repeat(depth)}`;
    expect(identityOf(text)).toMatchObject({ level: 'info' });
  });
});

it('reads no outcome from the prototype of a table', () => {
  for (const outcome of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    const line = {
      ...headOfEcs,
      ...inEcs,
      ...ofEcs,
      'event.duration': 5e6,
      'event.outcome': outcome,
    };
    const ended = readLine({ ...line, 'http.response.status_code': 200 })!;
    expect(ended.requestFields?.outcome).toBe('completed');
  }
});
