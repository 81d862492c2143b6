import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace, type TraceCarrier } from '../../src/trace/open-trace.js';
import type { ActiveSpan } from '../../src/trace/sdk-span.js';
import { w3cHeaders } from '../../src/trace/propagation.js';
import type { Trace } from '../../src/trace/trace.js';
import type { TracingModuleOptions } from '../../src/options/tracing-options.js';
import { codePoint } from '../support/arbitraries.js';

const W3C = '0af7651916cd43dd8448eb211c80319c';
const OTHER = '4bf92f3577b34da6a3ce929d0e0e4736';
const UUID = '0af76519-16cd-43dd-8448-eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const PARENT = `00-${W3C}-${CALLER}-01`;
const OPAQUE = 'req-001';
// The first 32 digits of the SHA-256 of `req-001`.
const OPAQUE_DIGEST = '7144ce63ae255d55c77c548240f163ef';
const NEW = /^[0-9a-f]{32}$/;

function open(carrier: TraceCarrier, active?: ActiveSpan, options?: TracingModuleOptions): Trace {
  const metadata = { transport: 'test', startedAt: 0 };
  return openTrace(carrier, resolveOptions(options).policy, metadata, active);
}

const active = (traceId: string, traceFlags = 0): ActiveSpan => ({
  traceId,
  spanId: 'aaaaaaaaaaaaaaaa',
  traceFlags,
});

interface Row extends TraceCarrier {
  readonly active?: ActiveSpan;
  /** `trace_id` with `format: 'any'`. */
  readonly any: string | RegExp;
  /** `trace_id` with `format: 'w3c'`. Default: the same. */
  readonly w3c?: string | RegExp;
  /** What goes out in `traceparent`. Default: `w3c`. */
  readonly out?: string;
  /** The span that is the parent. Default: none. */
  readonly parent?: string;
  /** The trace's own span. Default: a new one. */
  readonly span?: string;
}

const ROWS: Record<string, Row> = {
  nothing: { any: NEW },
  'traceparent alone': { traceparent: PARENT, any: W3C, parent: CALLER },
  'an active span alone': { active: active(OTHER), any: OTHER, span: 'aaaaaaaaaaaaaaaa' },
  'an opaque X-Request-ID alone': { requestId: OPAQUE, any: OPAQUE, w3c: OPAQUE_DIGEST },
  'a UUID alone': { requestId: UUID, any: UUID, w3c: W3C },
  '32 hex digits alone': { requestId: W3C, any: W3C },
  '32 upper-case hex digits alone': {
    requestId: W3C.toUpperCase(),
    any: W3C.toUpperCase(),
    w3c: W3C,
  },
  'a trace id of a source of the user’s alone': { traceId: OTHER, any: OTHER },

  'traceparent before an active span of another trace': {
    traceparent: PARENT,
    active: active(OTHER),
    any: W3C,
    parent: CALLER,
  },
  'an active span that continued traceparent is the span of the trace': {
    traceparent: PARENT,
    active: active(W3C),
    any: W3C,
    parent: CALLER,
    span: 'aaaaaaaaaaaaaaaa',
  },
  'traceparent before an X-Request-ID of its own': {
    traceparent: PARENT,
    requestId: OPAQUE,
    any: W3C,
    parent: CALLER,
  },
  'an active span before an X-Request-ID': {
    active: active(OTHER),
    requestId: OPAQUE,
    any: OTHER,
    span: 'aaaaaaaaaaaaaaaa',
  },
  'a source of the user’s before X-Request-ID': {
    traceId: 'order-17',
    requestId: OPAQUE,
    any: 'order-17',
    w3c: '72a90ea3da8b5dd01bde2f27314e02e2',
  },
  'traceparent before a source of the user’s': {
    traceparent: PARENT,
    traceId: 'order-17',
    any: W3C,
    parent: CALLER,
  },

  'traceparent that was made of the opaque X-Request-ID': {
    traceparent: `00-${OPAQUE_DIGEST}-${CALLER}-01`,
    requestId: OPAQUE,
    any: OPAQUE,
    w3c: OPAQUE_DIGEST,
    parent: CALLER,
  },
  'traceparent that was made of the UUID': {
    traceparent: PARENT,
    requestId: UUID,
    any: UUID,
    w3c: W3C,
    parent: CALLER,
  },
  'an active span that continued what was made of the X-Request-ID': {
    traceparent: PARENT,
    requestId: UUID,
    active: active(W3C),
    any: UUID,
    w3c: W3C,
    parent: CALLER,
    span: 'aaaaaaaaaaaaaaaa',
  },
  'the same id in both': { traceparent: PARENT, requestId: W3C, any: W3C, parent: CALLER },

  'a bad traceparent': { traceparent: PARENT.toUpperCase(), any: NEW },
  'a bad traceparent and an active span': {
    traceparent: 'nonsense',
    active: active(OTHER),
    any: OTHER,
    span: 'aaaaaaaaaaaaaaaa',
  },
  'a bad traceparent and an X-Request-ID': {
    traceparent: 'nonsense',
    requestId: OPAQUE,
    any: OPAQUE,
    w3c: OPAQUE_DIGEST,
  },
  // OpenTelemetry returns such a span when tracing is suppressed or no SDK is registered.
  'an active span of zeros, which is none': { active: active('0'.repeat(32)), any: NEW },
  'an active span of zeros and an X-Request-ID': {
    active: active('0'.repeat(32)),
    requestId: OPAQUE,
    any: OPAQUE,
    w3c: OPAQUE_DIGEST,
  },
};

describe('the trace id', () => {
  const byFormat = Object.entries(ROWS).flatMap(([name, row]) => [
    [name, 'any', row] as const,
    [name, 'w3c', row] as const,
  ]);

  it.each(byFormat)('%s (%s)', (_name, format, { active: span, any, w3c = any, ...row }) => {
    const trace = open(row, span, { traceId: { format } });
    const expected = format === 'any' ? any : w3c;
    if (expected instanceof RegExp) expect(trace.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    else expect(trace.traceId).toBe(expected);
    expect(trace.origin.parentSpanId).toBe(row.parent);
    if (row.span !== undefined) expect(trace.spanId).toBe(row.span);
    else expect(trace.spanId).not.toBe(span?.spanId);
    const [, out] = w3cHeaders(trace)['traceparent']!.split('-');
    if (w3c instanceof RegExp) expect(out).toBe(trace.traceId);
    else expect(out).toBe(w3c);
  });

  it('is always 32 hex digits when required, for any result of the generator', () => {
    const trace = open({}, undefined, { traceId: { format: 'w3c', generate: () => 'order-17' } });
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(w3cHeaders(trace)['traceparent']).toContain(trace.traceId);
  });

  it('of a generator that makes other ids goes out as a digest', () => {
    const trace = open({}, undefined, { traceId: { generate: () => OPAQUE } });
    expect(trace.traceId).toBe(OPAQUE);
    expect(trace.w3cTraceId).toBe(OPAQUE_DIGEST);
  });
});

describe('the other ids', () => {
  it('are those of the caller', () => {
    const trace = open({ requestId: 'r', sessionId: 's' });
    expect(trace).toMatchObject({ requestId: 'r', sessionId: 's' });
  });

  it('are generated when the caller sends none, and the span id always', () => {
    const traces = Array.from({ length: 100 }, () => open({ traceparent: PARENT }));
    for (const name of ['requestId', 'sessionId', 'spanId'] as const) {
      expect(new Set(traces.map((trace) => trace[name])).size).toBe(100);
    }
    expect(traces[0]).toMatchObject({
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it('come from the generators of the user', () => {
    const trace = open({}, undefined, {
      requestId: { generate: () => 'made-r' },
      session: { generate: () => 'made-s' },
    });
    expect(trace).toMatchObject({ requestId: 'made-r', sessionId: 'made-s' });
  });
});

describe('flags', () => {
  const flagsOf = (trace: Trace): string => w3cHeaders(trace)['traceparent']!.slice(-2);

  it.each([
    ['sampled', '01', '01'],
    ['not sampled', '00', '00'],
    ['random', '02', '02'],
    ['both', '03', '03'],
    ['unknown ones', 'fc', '00'],
    ['all', 'ff', '03'],
  ])('of the caller go out again: %s', (_name, flags, out) => {
    expect(flagsOf(open({ traceparent: `00-${W3C}-${CALLER}-${flags}` }))).toBe(out);
  });

  it('of a new trace are sampled and random', () => {
    expect(flagsOf(open({}))).toBe('03');
    expect(flagsOf(open({ traceparent: 'nonsense' }))).toBe('03');
  });

  it('of a trace that took a caller’s hex id do not call it random', () => {
    // Level 2, section 3.2.2.5.2: with the flag set, the last 7 bytes MUST be random.
    expect(flagsOf(open({ requestId: `${'0'.repeat(31)}1` }))).toBe('01');
  });

  it.each([
    [0x00, '00'],
    [0x01, '01'],
    [0x03, '03'],
    [0xff, '03'],
  ])('of an active span, %i, are kept as far as they are known', (traceFlags, out) => {
    const trace = open({}, active(OTHER, traceFlags));
    expect(flagsOf(trace)).toBe(out);
    expect(trace.origin.flags).toBe(parseInt(out, 16));
  });
});

describe('tracestate', () => {
  const outOf = (carrier: TraceCarrier, span?: ActiveSpan): string | undefined =>
    w3cHeaders(open(carrier, span))['tracestate'];

  it('goes out with its traceparent', () => {
    expect(outOf({ traceparent: PARENT, tracestate: 'a=1 , b=2' })).toBe('a=1,b=2');
  });

  it.each<[string, TraceCarrier]>([
    ['with the traceparent if that is bad', { traceparent: 'bad', tracestate: 'a=1' }],
    ['if there is no traceparent', { tracestate: 'a=1' }],
    ['alone if it is bad', { traceparent: PARENT, tracestate: 'A=1' }],
    ['if it is empty', { traceparent: PARENT, tracestate: '' }],
  ])('is dropped %s', (_name, carrier) => {
    expect(w3cHeaders(open(carrier))).not.toHaveProperty('tracestate');
  });

  it('does not stop a traceparent when it is bad', () => {
    expect(open({ traceparent: PARENT, tracestate: '=' }).traceId).toBe(W3C);
  });

  it('stays when an active span continued its traceparent', () => {
    expect(outOf({ traceparent: PARENT, tracestate: 'a=1' }, active(W3C))).toBe('a=1');
  });
});

describe('baggage', () => {
  it('is sent as it was accepted, and is no header otherwise', () => {
    expect(w3cHeaders(open({ baggage: 'tenant=acme' }))).toHaveProperty('baggage', 'tenant=acme');
    expect(w3cHeaders(open({}))).not.toHaveProperty('baggage');
  });
});

describe('any input from a caller', () => {
  it('becomes a trace', () => {
    const text = fc.option(fc.string({ unit: codePoint }), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ traceparent: text, tracestate: text }), (carrier) => {
        const trace = open(carrier);
        expect(trace.traceId).toMatch(NEW);
        expect(w3cHeaders(trace)['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/);
      }),
      { numRuns: 1000 },
    );
  });
});
