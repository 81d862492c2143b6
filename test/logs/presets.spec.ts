import { afterEach, describe, expect, it } from '@jest/globals';
import type { Logform } from 'winston';
import { runWithTrace } from '../../src/context/trace-store.js';
import { capture } from '../../src/logs/captured-entry.js';
import { traceJson } from '../../src/logs/json-format.js';
import { traceFormat } from '../../src/logs/trace-format.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { PresetName } from '../../src/options/tracing-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import type { ActiveSpan } from '../../src/trace/sdk-span.js';
import type { Trace } from '../../src/trace/trace.js';

const MESSAGE = Symbol.for('message');
const W3C = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${W3C}-b7ad6b7169203331-01`;
const SPAN_ID = expect.stringMatching(/^[0-9a-f]{16}$/) as unknown;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;
const { policy } = resolveOptions();
const { GOOGLE_CLOUD_PROJECT } = process.env;

afterEach(() => {
  if (GOOGLE_CLOUD_PROJECT === undefined) delete process.env['GOOGLE_CLOUD_PROJECT'];
  else process.env['GOOGLE_CLOUD_PROJECT'] = GOOGLE_CLOUD_PROJECT;
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

/** What an entry with an error and a context looks like for a backend, field by field. */
const LINES: Record<PresetName, [string, unknown][]> = {
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
  ecs: [
    ['@timestamp', TIME],
    ['log.level', 'info'],
    ['message', 'paid'],
    ['trace.id', W3C],
    ['span.id', SPAN_ID],
    ['http.request.id', 'req-001'],
    ['labels.session_id', 'session-1'],
    ['service.name', 'payments'],
    ['ecs.version', '8.11.0'],
    ['log.logger', 'Payments'],
    ['amount', 12],
  ],
  gcp: [
    ['time', TIME],
    ['severity', 'INFO'],
    ['message', 'paid'],
    ['logging.googleapis.com/trace', W3C],
    ['logging.googleapis.com/spanId', SPAN_ID],
    ['logging.googleapis.com/trace_sampled', true],
    ['request_id', 'req-001'],
    ['session_id', 'session-1'],
    ['service', 'payments'],
    ['context', 'Payments'],
    ['amount', 12],
  ],
  datadog: [
    ['timestamp', TIME],
    ['status', 'info'],
    ['message', 'paid'],
    // 0x8448eb211c80319c, the lower half of the trace id.
    ['dd.trace_id', '9532127138774266268'],
    ['dd.span_id', expect.stringMatching(/^\d{1,20}$/)],
    ['request_id', 'req-001'],
    ['session_id', 'session-1'],
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
    // The first 32 digits of the SHA-256 of `order-17`, or their lower half as a decimal.
    const hex = '72a90ea3da8b5dd01bde2f27314e02e2';
    const expected = preset === 'datadog' ? '2008094329231246050' : hex;
    expect(lineOf(preset, {}, trace).map(([, value]) => value)).toContain(expected);
  });

  it('say so outside a context', () => {
    const line = lineOf(preset, {});
    const names = line.map(([name]) => name);
    const OUTSIDE = ['trace_id', 'span_id', 'trace_flags', 'request_id', 'session_id'];
    expect(names.filter((name) => OUTSIDE.includes(name))).toEqual(
      preset === 'otel' ? OUTSIDE : [],
    );
    for (const [name, value] of line) {
      if (OUTSIDE.includes(name)) expect(value).toBe(name === 'trace_flags' ? '00' : '-');
    }
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
      [['error', { name: 'TypeError', message: 'bad', stack: STACK, cause: 'why', code: 'E42' }]],
    ],
    [
      'ecs',
      [
        ['error.type', 'TypeError'],
        ['error.message', 'bad'],
        ['error.stack_trace', STACK],
      ],
    ],
    ['gcp', [['stack_trace', STACK]]],
    [
      'datadog',
      [
        ['error.kind', 'TypeError'],
        ['error.message', 'bad'],
        ['error.stack', STACK],
      ],
    ],
  ])('is told to %s in its words', (preset, expected) => {
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
  it('gets the full name of a trace where the project is known', () => {
    process.env['GOOGLE_CLOUD_PROJECT'] = 'my-project';
    expect(lineOf('gcp', {}, open())).toContainEqual([
      'logging.googleapis.com/trace',
      `projects/my-project/traces/${W3C}`,
    ]);
  });
});
