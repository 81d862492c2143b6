import { CONTROL_TEXT } from './control-text.js';

/** What one run of `untangle` has to do with a log. */
export interface UntangleAttack {
  readonly name: string;
  readonly log: string | Buffer;
  readonly args?: readonly string[];
  /** What must be read in the output; `undefined`: only that nothing of the log gets out raw. */
  readonly shows?: readonly RegExp[];
  readonly hides?: readonly RegExp[];
  /** Default: 0. */
  readonly code?: number;
}

const line = (fields: object): string => `${JSON.stringify(fields)}\n`;
const IDS = { request_id: 'mine', session_id: 's', span_id: 'b'.repeat(16) };
const TIME = '2026-01-15T10:30:15.000Z';
/** As the module writes it by default: the names of a line are in this order. */
const OWN = {
  timestamp: TIME,
  level: 'info',
  message: 'body',
  trace_id: 'mine',
  ...IDS,
  service: 'shop',
};
const FINISHED = {
  ...OWN,
  message: 'Request finished',
  method: 'GET',
  path: '/',
  status_code: 200,
  duration_ms: 1,
};
const FORGED = 'of-somebody-else';
const FORGED_LINE = JSON.stringify({ ...OWN, request_id: FORGED, trace_id: FORGED });
const PINO = { level: 30, time: 1, pid: 1, hostname: 'h', reqId: 'mine', msg: 'body' };

/** On the line with the ids of a request. A field of an entry may be called `logging.googleapis.com/trace`. */
const IS_FORGED = new RegExp(`(?:^| )(?:request|trace|session)=${FORGED}`, 'm');
const PROTOTYPE_NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];
/** Names under which loggers have ids. */
const ID_NAMES = [
  ...['request_id', 'trace_id', 'session_id', 'reqId', 'req_id', 'requestId', 'traceId'],
  ...['http.request.id', 'trace.id', 'labels.session_id', 'dd.trace_id', 'correlationId'],
  ...['logging.googleapis.com/trace', 'x-request-id', 'sessionId'],
];

/** A line of each preset, with ids of its own, to which something adds fields. */
const PRESET_LINES: Readonly<Record<string, object>> = {
  json: OWN,
  // winston's `json()` sorts the names.
  'traceFormat and another format': {
    ...{ level: 'info', message: 'body', request_id: 'mine', session_id: 's' },
    ...{ span_id: 'b'.repeat(16), trace_id: 'mine' },
  },
  otel: {
    ...{ timestamp: TIME, level: 'info', message: 'body' },
    ...{ trace_id: 'a'.repeat(32), ...IDS, trace_flags: '01', 'service.name': 'shop' },
  },
  ecs: {
    ...{ '@timestamp': TIME, 'log.level': 'info', message: 'body', 'trace.id': 'a'.repeat(32) },
    ...{ 'http.request.id': 'mine', 'labels.session_id': 's', 'span.id': 'b'.repeat(16) },
    ...{ 'service.name': 'shop', 'ecs.version': '8.11.0' },
  },
  gcp: {
    ...{ time: TIME, severity: 'INFO', message: 'body' },
    ...{ 'logging.googleapis.com/trace': 'a'.repeat(32), request_id: 'mine', session_id: 's' },
    ...{ 'logging.googleapis.com/spanId': 'b'.repeat(16), serviceContext: { service: 'shop' } },
  },
  datadog: {
    ...{ timestamp: TIME, status: 'info', message: 'body', 'dd.trace_id': 'a'.repeat(32) },
    ...{ request_id: 'mine', session_id: 's', 'dd.span_id': 'b'.repeat(16), service: 'shop' },
  },
};

export const UNTANGLE_ATTACKS: readonly UntangleAttack[] = [
  {
    name: 'what is there, is shown',
    log: line(OWN) + line(FINISHED),
    shows: [/body/, /request=mine/],
  },
  {
    name: 'escapes in a line that is no JSON',
    log: `starting ${CONTROL_TEXT}\n`,
    shows: [/starting/],
  },
  {
    name: 'escapes in each field',
    log: line({
      ...OWN,
      message: CONTROL_TEXT,
      context: CONTROL_TEXT,
      [CONTROL_TEXT]: CONTROL_TEXT,
    }),
  },
  {
    name: 'escapes in ids',
    log: line({
      ...OWN,
      request_id: CONTROL_TEXT,
      trace_id: CONTROL_TEXT,
      session_id: CONTROL_TEXT,
    }),
  },
  {
    name: 'escapes in the access log line',
    log: line({
      ...FINISHED,
      path: CONTROL_TEXT,
      route: CONTROL_TEXT,
      method: CONTROL_TEXT,
      outcome: CONTROL_TEXT,
      handler: CONTROL_TEXT,
    }),
  },
  {
    name: 'escapes in an error and its steps',
    log: line({
      ...FINISHED,
      status_code: 500,
      error: { name: CONTROL_TEXT, message: CONTROL_TEXT, stack: CONTROL_TEXT },
      steps: [{ name: CONTROL_TEXT, start_ms: 0, duration_ms: 1, error: CONTROL_TEXT }],
    }),
  },
  {
    name: 'escapes in a line of text',
    log: `2024-01-15 10:30:15 - INFO - [req=a1|session=1] - [Svc${CONTROL_TEXT}] hello ${CONTROL_TEXT}\n`,
  },
  {
    name: 'escapes in a time and a level',
    log: line({ ...OWN, timestamp: CONTROL_TEXT, level: CONTROL_TEXT }),
  },
  {
    name: 'escapes in what is no object',
    log: `[${JSON.stringify(CONTROL_TEXT)}]\n"${CONTROL_TEXT}"\n${CONTROL_TEXT}{"a":1}\n`,
  },
  {
    name: 'escapes as UTF-8 of C1',
    log: Buffer.from([0xc2, 0x9b, 0x32, 0x4a, 0x9b, 0x32, 0x4a, 0x0a]),
  },
  { name: 'escapes behind a prefix of docker', log: `web-1${CONTROL_TEXT} | ${line(OWN)}` },
  {
    name: 'colours and escapes in a prefix',
    log: `\u001b[36mapp-1  | \u001b[0m${line(OWN)}\u001b[36mapp\u001b[2J-1  | ${line(OWN)}`,
    shows: [/body/],
  },
  {
    name: 'escapes in what a shipper says',
    log:
      line({ MESSAGE: CONTROL_TEXT, _SYSTEMD_UNIT: CONTROL_TEXT, PRIORITY: '3' }) +
      line({ log: `${CONTROL_TEXT}\n`, kubernetes: { container_name: CONTROL_TEXT } }) +
      line({ log: line(PINO), kubernetes: { container_name: CONTROL_TEXT } }),
  },
  ...[['--summary'], ['--json'], ['--summary', '--json'], ['--sort', 'duration']].map((args) => ({
    name: `escapes in each field, with ${args.join(' ')}`,
    log: line({
      ...{ ...FINISHED, path: CONTROL_TEXT, route: CONTROL_TEXT, method: CONTROL_TEXT },
      ...{ status_code: 500, error_id: CONTROL_TEXT, request_id: CONTROL_TEXT },
      ...{ service: CONTROL_TEXT, error: { name: CONTROL_TEXT, message: CONTROL_TEXT } },
      [CONTROL_TEXT]: CONTROL_TEXT,
    }),
    args,
    shows: [/1/],
  })),

  {
    name: 'entries in the message of an entry',
    log:
      [FORGED_LINE, `app-1  | ${FORGED_LINE}`, line({ log: FORGED_LINE, stream: 'stdout' })]
        .map((message) => line({ ...OWN, message }) + line({ ...PINO, msg: message }))
        .join('') + line({ timestamp: TIME, message: FORGED_LINE }),
    shows: [/request=mine/],
    hides: [IS_FORGED],
  },
  {
    name: 'entries in text that a process writes behind its prefix',
    log: ['got it ', 'pod-1 app ', `${TIME} stdout F `, '0|x  | ', '[pod/a/b] ']
      .map((before) => `app-1  | ${before}${FORGED_LINE}\n`)
      .join(''),
    hides: [IS_FORGED],
  },
  {
    name: 'entries in the stack below an entry of text',
    log: `2026-01-15 10:30:15 - ERROR - [req=mine|session=s] - bad\n    Error: x\n    ${FORGED_LINE}\n    app-1  | ${FORGED_LINE}\n`,
    shows: [/request=mine/],
    hides: [IS_FORGED],
  },
  {
    name: 'entries in three envelopes',
    log: line({ MESSAGE: line({ MESSAGE: line({ MESSAGE: FORGED_LINE }) }) }),
    hides: [IS_FORGED],
  },
  {
    name: 'envelopes in envelopes, 1,000 of them',
    log: `${'{"events":[{"timestamp":1,"message":"'.repeat(1000)}\n`,
  },
  { name: '20,000 brackets, one a line', log: '{\n'.repeat(20_000) + line(OWN), shows: [/mine/] },
  { name: 'a document without an end', log: `{\n${' "a": 1,\n'.repeat(200_000)}${line(OWN)}` },
  {
    name: '5,000 streams of parts that do not end',
    log: Array.from(
      { length: 5000 },
      (_, n) => `${JSON.stringify({ log: '{"a', stream: `s${n}`, time: TIME })}\n`,
    ).join(''),
  },
  {
    name: '5,000 processes with an open stack',
    log: Array.from(
      { length: 5000 },
      (_, n) => `app${n}  | 2026-01-15 10:30:15 - INFO - [req=mine|session=s] - body\n`,
    ).join(''),
    shows: [/request=mine/],
  },
  ...['a', '[pod/', ' ', '0|', 'a.', `${TIME} `, '<1>1 - '].map((part) => ({
    name: `a prefix of 1 MB: ${part}`,
    log: `${part.repeat(1_000_000 / part.length)} | ${line(OWN)}${line(FINISHED)}`,
    shows: [/request=mine/],
  })),
  {
    name: 'brackets behind an entry of text',
    log: `2026-01-15 10:30:15 - INFO - [req=mine|session=s] - x${' a={["'.repeat(150_000)}\n`,
    shows: [/request=mine/],
  },
  ...['/(a|a)*b/', '/(a+)+$/', '/a*a*b/', '/(.*)\\1/'].map((pattern) => ({
    name: `a pattern that may take very long: ${pattern}`,
    ...{ log: line({ ...OWN, message: 'a'.repeat(500_000) }), args: ['--grep', pattern], code: 2 },
  })),
  {
    name: 'a pattern on a long line',
    log: line({ ...OWN, message: 'a'.repeat(900_000) }).repeat(5) + line(FINISHED),
    args: ['--grep', '/a*b/'],
    code: 1,
  },

  ...['outcome', 'level', 'method', 'route', 'transport', 'message'].map((field) => ({
    name: `names of Object.prototype as ${field}`,
    log:
      PROTOTYPE_NAMES.map((value) => line({ ...FINISHED, [field]: value })).join('') +
      line({ ...FINISHED, request_id: 'next' }),
    shows: [/request=next/],
    hides: [/\[native code\]|\[object Object\]|undefined|function/],
  })),
  {
    name: 'names of Object.prototype as fields',
    log: PROTOTYPE_NAMES.map(
      (name) =>
        `{"level":"info","message":"body","request_id":"mine","${name}":{"request_id":"${FORGED}"}}\n`,
    ).join(''),
    shows: [/request=mine/],
    hides: [IS_FORGED],
  },

  ...Object.entries(PRESET_LINES).map(([preset, fields]) => ({
    name: `lines of ${preset} with ids of their own`,
    log: ID_NAMES.filter((name) => (fields as Record<string, unknown>)[name] === undefined)
      .map((name) => line({ ...fields, [name]: FORGED }))
      .join(''),
    shows: [/request=mine/],
    hides: [IS_FORGED],
  })),
  ...[
    { req: { id: FORGED }, http: { request: { id: FORGED } }, trace: { id: FORGED } },
    { labels: { session_id: FORGED }, dd: { trace_id: FORGED } },
    { context: { request_id: FORGED }, meta: { trace_id: FORGED }, span: { traceId: FORGED } },
  ].map((nested, index) => ({
    name: `nested ids, ${index + 1}`,
    log: line({ ...OWN, ...nested }),
    shows: [/request=mine/],
    hides: [IS_FORGED],
  })),

  {
    name: 'a line of 20 MB',
    log: line({ ...OWN, message: 'x'.repeat(20_000_000) }) + line(FINISHED),
    shows: [/request=mine/],
  },
  { name: '20 MB without a line end', log: 'x'.repeat(20_000_000) },
  {
    name: '100,000 levels',
    log: `${'['.repeat(100_000)}${']'.repeat(100_000)}\n${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}\n${line(OWN)}`,
    shows: [/request=mine/],
  },
  {
    name: '20,000 requests that do not end',
    log: Array.from({ length: 20_000 }, (_, id) => line({ ...OWN, request_id: `r${id}` })).join(''),
  },
  {
    name: 'NUL, a BOM and half a character',
    log: Buffer.from([0xef, 0xbb, 0xbf, 0x00, 0x00, 0x0a, 0xe6, 0x97, 0x0a]),
  },
  {
    name: 'numbers that are none',
    log: line({ ...FINISHED, duration_ms: '1e999', status_code: {}, handler_ms: [] }).replace(
      '"1e999"',
      '1e999',
    ),
  },
  { name: 'gzip that is cut', log: Buffer.from('1f8b08000000000000034b', 'hex'), code: 1 },
  { name: 'zstd that is cut', log: Buffer.from('28b52ffda4000000000c00', 'hex'), code: 1 },
  { name: 'zstd that is none', log: Buffer.from('28b52ffdffffffffffffff0a', 'hex'), code: 1 },
];
