import { afterEach, describe, expect, it } from '@jest/globals';
import type { Logform } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { capture } from '../../../src/logging/winston/captured-entry.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceFormat } from '../../../src/logging/formats/trace-format.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import type { PresetName } from '../../../src/records/field.js';
import { runSpan } from '../../../src/spans/run-span.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { ActiveSpan } from '../../../src/trace/sdk-span.js';
import type { Trace } from '../../../src/trace/trace.js';

const MESSAGE = Symbol.for('message');
const W3C = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${W3C}-b7ad6b7169203331-01`;
const SPAN_ID = expect.stringMatching(/^[0-9a-f]{16}$/) as unknown;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;
const { policy } = resolveOptions();
const { GOOGLE_CLOUD_PROJECT, DD_ENV, DD_VERSION } = process.env;

afterEach(() => {
  for (const [name, value] of Object.entries({ GOOGLE_CLOUD_PROJECT, DD_ENV, DD_VERSION })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

function open(carrier: object = {}, active?: ActiveSpan): Trace {
  const all = { traceparent: PARENT, requestId: 'req-001', sessionId: 'session-1', ...carrier };
  return openTrace(all, policy, { transport: 'test', startedAt: 0 }, active);
}

/** The line of an entry in a trace, or outside any. */
function lineOf(preset: PresetName, entry: object, trace?: Trace): [string, unknown][] {
  const format = traceJson({ preset, service: 'payments' });
  const take = () => capture({ level: 'info', message: 'paid', ...entry });
  const captured = trace === undefined ? take() : runWithTrace(trace, take);
  const written = format.transform(captured as Logform.TransformableInfo) as Record<symbol, string>;
  return Object.entries(JSON.parse(written[MESSAGE]!) as Record<string, unknown>);
}

/** What an entry with a context looks like for a backend, field by field. */
const LINES: Record<PresetName, [string, unknown][]> = {
  // https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/
  otel: [
    ['timestamp', TIME],
    ['level', 'info'],
    ['message', 'paid'],
    ['trace_id', W3C],
    ['span_id', SPAN_ID],
    ['trace_flags', '01'],
    ['request_id', 'req-001'],
    ['session_id', 'session-1'],
    ['service.name', 'payments'],
    ['context', 'Payments'],
    ['amount', 12],
  ],
  // https://github.com/elastic/ecs-logging/blob/main/spec/spec.json: the first three come first.
  // https://www.elastic.co/docs/reference/ecs/ecs-tracing
  ecs: [
    ['@timestamp', TIME],
    ['log.level', 'info'],
    ['message', 'paid'],
    ['trace.id', W3C],
    ['transaction.id', SPAN_ID],
    ['span.id', SPAN_ID],
    ['http.request.id', 'req-001'],
    ['labels.session_id', 'session-1'],
    ['service.name', 'payments'],
    ['event.dataset', 'payments'],
    ['ecs.version', '8.11.0'],
    ['log.logger', 'Payments'],
    ['amount', 12],
  ],
  // https://cloud.google.com/logging/docs/structured-logging#special-payload-fields
  // https://cloud.google.com/error-reporting/docs/formatting-error-messages (`serviceContext`)
  gcp: [
    ['time', TIME],
    ['severity', 'INFO'],
    ['message', 'paid'],
    ['logging.googleapis.com/trace', W3C],
    ['logging.googleapis.com/spanId', SPAN_ID],
    ['logging.googleapis.com/trace_sampled', true],
    ['request_id', 'req-001'],
    ['session_id', 'session-1'],
    ['serviceContext', { service: 'payments' }],
    ['context', 'Payments'],
    ['amount', 12],
  ],
  // https://docs.datadoghq.com/logs/log_configuration/pipelines/#preprocessing
  // https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/nodejs/
  datadog: [
    ['timestamp', TIME],
    ['status', 'info'],
    ['message', 'paid'],
    ['dd.trace_id', W3C],
    ['dd.span_id', expect.stringMatching(/^\d{1,20}$/)],
    ['request_id', 'req-001'],
    ['session_id', 'session-1'],
    ['service', 'payments'],
    ['dd.service', 'payments'],
    ['logger.name', 'Payments'],
    ['amount', 12],
  ],
};
const PRESETS = Object.keys(LINES) as PresetName[];

describe.each(PRESETS)('the fields of %s', (preset) => {
  it('are named and ordered as the backend wants them', () => {
    expect(lineOf(preset, { context: 'Payments', amount: 12 }, open())).toEqual(LINES[preset]);
  });

  it('cannot be replaced by an entry’s own', () => {
    const own = Object.fromEntries(LINES[preset].map(([name]) => [name, 'forged']));
    const reserved = LINES[preset].filter(
      ([name]) => !/^(amount|message|level|context)$/.test(name),
    );
    const line = lineOf(
      preset,
      { ...own, level: 'info', message: 'paid', context: 'Payments' },
      open(),
    );
    for (const [name, value] of reserved) {
      expect(line.filter(([key]) => key === name)).toEqual([[name, value]]);
      expect(line).toContainEqual([`_${name}`, 'forged']);
    }
  });

  it('hold the W3C form of a trace id that is not one', () => {
    const trace = open({ traceparent: undefined, requestId: 'order-17' });
    expect(trace.traceId).toBe('order-17');
    // The first 32 digits of the SHA-256 of `order-17`.
    const hex = '72a90ea3da8b5dd01bde2f27314e02e2';
    expect(lineOf(preset, {}, trace).map(([, value]) => value)).toContain(hex);
  });

  // Backends parse these as digits: what is not there is a log without a trace, `-` a broken one.
  // https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ (all optional)
  it('have no ids outside a context', () => {
    const isId = (name: string) => /trace|span|transaction|request|session/i.test(name);
    expect(LINES[preset].filter(([name]) => isId(name)).length).toBeGreaterThanOrEqual(4);
    expect(lineOf(preset, { message: 'up' }).filter(([name]) => isId(name))).toEqual([]);
  });

  it('are put on an entry by traceFormat', () => {
    const captured = runWithTrace(open(), () => capture({ level: 'info', message: 'paid' }));
    const entry = traceFormat({ preset }).transform(captured as Logform.TransformableInfo);
    const idFields = LINES[preset].slice(
      3,
      LINES[preset].findIndex(([name]) => /service/.test(name)),
    );
    expect(entry).toMatchObject(Object.fromEntries(idFields));
  });
});

describe('an error', () => {
  const bad = Object.assign(new TypeError('bad', { cause: 'why' }), { code: 'E42' });
  const STACK = expect.stringContaining('TypeError: bad\n    at ') as unknown;

  it.each<[PresetName, [string, unknown][]]>([
    [
      'otel',
      // https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
      [
        ['exception.type', 'TypeError'],
        ['exception.message', 'bad'],
        ['exception.stacktrace', STACK],
        ['error', { cause: 'why', code: 'E42' }],
      ],
    ],
    [
      'ecs',
      // https://www.elastic.co/docs/reference/ecs/ecs-error
      [
        ['error.type', 'TypeError'],
        ['error.message', 'bad'],
        ['error.stack_trace', STACK],
      ],
    ],
    // https://cloud.google.com/error-reporting/docs/formatting-error-messages
    ['gcp', [['stack_trace', STACK]]],
    [
      'datadog',
      // https://docs.datadoghq.com/standard-attributes/?product=log
      [
        ['error.kind', 'TypeError'],
        ['error.message', 'bad'],
        ['error.stack', STACK],
      ],
    ],
  ])('has the field names of %s', (preset, expected) => {
    const line = lineOf(preset, { error: bad }, open());
    for (const field of expected) expect(line).toContainEqual(field);
    const json = JSON.stringify(line);
    expect(json).toContain('E42');
    expect(json).toContain('why');
  });

  it.each(PRESETS)('cannot replace the ids with fields of its own: %s', (preset) => {
    // The errors of many SDKs have a `request_id`.
    const fields = LINES[preset].filter(([, value]) => value !== 'Payments' && value !== 12);
    const own = Object.fromEntries(fields.map(([name]) => [name, 'forged']));
    const error = Object.assign(new Error('bad'), own, { message: 'bad' });
    const line = lineOf(preset, { error }, open());
    expect(line).toEqual(expect.arrayContaining(fields));
  });

  it.each<[PresetName, string[]]>([
    ['ecs', ['error.type', 'error.message', 'error.stack_trace', 'code', 'cause']],
    ['otel', ['exception.type', 'exception.message', 'exception.stacktrace', 'code', 'cause']],
    ['gcp', ['stack_trace']],
    ['datadog', ['error.kind', 'error.message', 'error.stack', 'code', 'cause']],
  ])('and fields of its names are both on the line: %s', (preset, names) => {
    const own = Object.fromEntries(names.map((name) => [name, `my ${name}`]));
    const line = Object.fromEntries(lineOf(preset, { ...own, error: bad }, open()));
    expect(Object.values(line)).toEqual(expect.arrayContaining(Object.values(own)));
    expect(JSON.stringify(line)).toContain('TypeError: bad');
  });
});

describe('levels', () => {
  // https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
  it.each([
    ['fatal', 'CRITICAL'],
    ['error', 'ERROR'],
    ['warn', 'WARNING'],
    ['info', 'INFO'],
    ['http', 'INFO'],
    ['verbose', 'DEBUG'],
    ['debug', 'DEBUG'],
    ['silly', 'DEBUG'],
    ['of my own', 'DEFAULT'],
  ])('%s is %s for gcp', (level, severity) => {
    expect(lineOf('gcp', { level })).toContainEqual(['severity', severity]);
  });

  // https://docs.datadoghq.com/logs/log_configuration/processors/log_status_remapper/
  it.each([
    ['error', 'error'],
    ['verbose', 'verbose'],
    ['silly', 'debug'],
  ])('%s is %s for datadog', (level, status) => {
    expect(lineOf('datadog', { level })).toContainEqual(['status', status]);
  });
});

describe('an access log line', () => {
  const request = {
    message: 'Request finished',
    duration_ms: 447.486,
    handler_ms: 12.5,
    method: 'POST',
    path: '/api/payment/17',
    route: '/api/payment/:id',
    status_code: 201,
    outcome: 'completed',
  };
  const job = { message: 'Job finished', transport: 'bullmq', duration_ms: 2, outcome: 'errored' };
  const fieldsOf = (preset: PresetName, entry: object) => {
    const known = new Set(lineOf(preset, {}, open()).map(([name]) => name));
    return Object.fromEntries(lineOf(preset, entry, open()).filter(([name]) => !known.has(name)));
  };

  it.each<[PresetName, object, object]>([
    [
      'otel',
      // https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
      {
        'http.request.method': 'POST',
        'url.path': '/api/payment/17',
        'http.route': '/api/payment/:id',
        'http.response.status_code': 201,
        duration_ms: 447.486,
        handler_ms: 12.5,
        outcome: 'completed',
      },
      { transport: 'bullmq', duration_ms: 2, outcome: 'errored' },
    ],
    [
      'ecs',
      // https://www.elastic.co/docs/reference/ecs/ecs-http and ecs-event: nanoseconds
      {
        'http.request.method': 'POST',
        'url.path': '/api/payment/17',
        'http.response.status_code': 201,
        'event.duration': 447_486_000,
        'event.outcome': 'success',
        route: '/api/payment/:id',
        handler_ms: 12.5,
        outcome: 'completed',
      },
      {
        transport: 'bullmq',
        'event.duration': 2_000_000,
        'event.outcome': 'failure',
        outcome: 'errored',
      },
    ],
    [
      'gcp',
      // https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest
      {
        httpRequest: {
          requestMethod: 'POST',
          requestUrl: '/api/payment/17',
          status: 201,
          latency: '0.447486s',
        },
        route: '/api/payment/:id',
        duration_ms: 447.486,
        handler_ms: 12.5,
        outcome: 'completed',
      },
      { transport: 'bullmq', duration_ms: 2, outcome: 'errored' },
    ],
    [
      'datadog',
      // https://docs.datadoghq.com/standard-attributes/?product=log: nanoseconds
      {
        'http.method': 'POST',
        'http.url_details.path': '/api/payment/17',
        'http.status_code': 201,
        duration: 447_486_000,
        route: '/api/payment/:id',
        handler_ms: 12.5,
        outcome: 'completed',
      },
      { transport: 'bullmq', duration: 2_000_000, outcome: 'errored' },
    ],
  ])('describes a request and a job with the field names of %s', (preset, ofRequest, ofJob) => {
    expect(fieldsOf(preset, request)).toEqual(ofRequest);
    expect(fieldsOf(preset, job)).toEqual(ofJob);
  });

  it.each(PRESETS)('does not change fields of the same names on other entries: %s', (preset) => {
    const entry = { method: 'card', path: '/a', status_code: 3, duration_ms: 9 };
    expect(fieldsOf(preset, entry)).toEqual(entry);
  });

  it.each(PRESETS)('keeps a field that has one of these names already: %s', (preset) => {
    const words = Object.keys(fieldsOf(preset, request));
    const added = words.filter((name) => !Object.hasOwn(request, name));
    const own = Object.fromEntries(added.map((name) => [name, `my ${name}`]));
    const fields = fieldsOf(preset, { ...request, ...own });
    for (const name of added) expect(fields[`_${name}`]).toBe(`my ${name}`);
    expect(fields).toMatchObject(fieldsOf(preset, request));
  });

  it.each(PRESETS)('includes its error: %s', (preset) => {
    const line = lineOf(preset, { ...request, error: new Error('bad') }, open());
    expect(JSON.stringify(line)).toContain('Error: bad\\n');
    expect(Object.fromEntries(line)).toMatchObject(fieldsOf(preset, request));
  });
});

describe('Elastic', () => {
  it('distinguishes the transaction from the span that runs in it', () => {
    const trace = open();
    const line = runWithTrace(trace, () =>
      runSpan('query', () => Object.fromEntries(lineOf('ecs', {}))),
    );
    expect(line['transaction.id']).toBe(trace.spanId);
    expect(line['span.id']).toBe(trace.spans![0]!.spanId);
  });
});

describe('Datadog', () => {
  // https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/
  it('gets the environment and the version when they are known', () => {
    Object.assign(process.env, { DD_ENV: 'staging', DD_VERSION: '1.2.3' });
    expect(lineOf('datadog', {})).toEqual(
      expect.arrayContaining([
        ['dd.env', 'staging'],
        ['dd.version', '1.2.3'],
      ]),
    );
  });

  it('gets a span’s id as a decimal', () => {
    const active = { traceId: W3C, spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const line = lineOf('datadog', {}, open({ traceparent: undefined }, active));
    expect(line).toContainEqual(['dd.span_id', '13235353014750950193']);
  });
});

describe('flags', () => {
  it.each([
    ['00', false],
    ['01', true],
    ['02', false],
    ['03', true],
    ['fd', true],
  ])('%s of a caller are shown as those that go out', (flags, isSampled) => {
    const trace = open({ traceparent: PARENT.replace(/01$/, flags) });
    const known = (parseInt(flags, 16) & 3).toString().padStart(2, '0');
    expect(lineOf('otel', {}, trace)).toContainEqual(['trace_flags', known]);
    expect(lineOf('gcp', {}, trace)).toContainEqual([
      'logging.googleapis.com/trace_sampled',
      isSampled,
    ]);
  });

  it('of an active span are two digits always', () => {
    const active = { traceId: W3C, spanId: 'a'.repeat(16), traceFlags: 0xff };
    const trace = open({ traceparent: undefined }, active);
    expect(lineOf('otel', {}, trace)).toContainEqual(['trace_flags', '03']);
  });
});

describe('Google Cloud', () => {
  const finish = { outcome: 'completed', duration_ms: 0.0001, path: '/a' };
  const httpRequestOf = (entry: object) => Object.fromEntries(lineOf('gcp', entry))['httpRequest'];

  // https://protobuf.dev/reference/protobuf/google.protobuf/#duration
  it('gets a latency in seconds, however short', () => {
    expect(httpRequestOf(finish)).toEqual({ requestUrl: '/a', latency: '0.000000s' });
    expect(httpRequestOf({ ...finish, duration_ms: 61_000 })).toMatchObject({
      latency: '61.000000s',
    });
  });

  it('gets the full name of a trace when the project is known', () => {
    process.env['GOOGLE_CLOUD_PROJECT'] = 'my-project';
    expect(lineOf('gcp', {}, open())).toContainEqual([
      'logging.googleapis.com/trace',
      `projects/my-project/traces/${W3C}`,
    ]);
  });
});
