import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { isValidId, newSpanId, newTraceId, toW3cTraceId } from '../../src/trace/ids.js';
import { openTrace, type TraceCarrier } from '../../src/trace/open-trace.js';
import { allHeaders, w3cHeaders } from '../../src/trace/propagation.js';
import type { Trace } from '../../src/trace/trace.js';
import { formatTraceparent } from '../../src/trace/traceparent.js';

type Headers = Record<string, string>;
type Format = 'any' | 'w3c';

/** A service that takes its ids from the default headers. */
function receive(headers: Headers, format: Format = 'any'): Trace {
  const valid = (id: string | undefined): string | undefined => (isValidId(id) ? id : undefined);
  const carrier: TraceCarrier = {
    traceparent: headers['traceparent'],
    tracestate: headers['tracestate'],
    requestId: valid(headers['x-request-id']),
    sessionId: valid(headers['x-session-id']),
  };
  const { policy } = resolveOptions({ traceId: { format } });
  return openTrace(carrier, policy, { transport: 'http', startedAt: 0 });
}

/** The headers of a call that a service makes to another one of its own. */
const call = (trace: Trace): Headers => allHeaders(trace);
/** The headers of a call to a third-party host. */
const callOut = (trace: Trace): Headers => w3cHeaders(trace);

const id = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_.:@/+=-]{1,128}$/),
  fc.uuid(),
  fc.uuid().map((uuid) => uuid.toUpperCase()),
  fc.constant(null).map(() => newTraceId()),
  fc.constant(null).map(() => newTraceId().toUpperCase()),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** What a client may send to the first service, some of it belonging together and some not. */
const firstHeaders = fc
  .record({
    requestId: maybe(id),
    sessionId: maybe(id),
    parent: fc.constantFrom('none', 'own', 'derived', 'bad'),
    flags: fc.constantFrom(0, 1, 2, 3),
    tracestate: maybe(fc.constantFrom('a=1', 'a=1,b@=2', 'Bad=1')),
  })
  .map(({ requestId, sessionId, parent, flags, tracestate }) => {
    const traceId = parent === 'derived' ? toW3cTraceId(requestId ?? 'none') : newTraceId();
    const headers: Record<string, string | undefined> = {
      'x-request-id': requestId,
      'x-session-id': sessionId,
      tracestate,
    };
    if (parent === 'bad') headers['traceparent'] = `00-${traceId}-${newSpanId()}-0`;
    else if (parent !== 'none') {
      headers['traceparent'] = formatTraceparent(traceId, newSpanId(), flags);
    }
    return Object.fromEntries(
      Object.entries(headers).filter(([, v]) => v !== undefined),
    ) as Headers;
  });

describe('a trace through several services', () => {
  it('has one trace, request and session id in all their logs', () => {
    fc.assert(
      fc.property(firstHeaders, (headers) => {
        const a = receive(headers);
        const b = receive(call(a));
        const c = receive(call(b));
        for (const service of [b, c]) {
          expect(service.traceId).toBe(a.traceId);
          expect(service.requestId).toBe(a.requestId);
          expect(service.sessionId).toBe(a.sessionId);
          expect(service.w3cTraceId).toBe(a.w3cTraceId);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps its flags and state', () => {
    fc.assert(
      fc.property(firstHeaders, (headers) => {
        const { origin } = receive(headers);
        const b = receive(call(receive(headers)));
        const { flags, tracestate } = origin;
        expect(b.origin).toMatchObject({ flags, tracestate });
      }),
      { numRuns: 1000 },
    );
  });

  it('has one W3C id in all logs when all services are configured so', () => {
    fc.assert(
      fc.property(firstHeaders, (headers) => {
        const a = receive(headers, 'w3c');
        const b = receive(call(a), 'w3c');
        expect(a.traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(b.traceId).toBe(a.traceId);
      }),
      { numRuns: 1000 },
    );
  });

  it('is one W3C trace for any trace id in the logs, also over hosts that get W3C headers only', () => {
    const format = fc.constantFrom<Format>('any', 'w3c');
    const next = fc.constantFrom(call, callOut);
    fc.assert(
      fc.property(
        firstHeaders,
        fc.array(fc.tuple(format, next), { minLength: 2, maxLength: 5 }),
        (headers, hops) => {
          const traceIds = new Set<string>();
          hops.reduce((incoming, [f, send]) => {
            const trace = receive(incoming, f);
            traceIds.add(toW3cTraceId(trace.traceId));
            expect(trace.w3cTraceId).toBe(toW3cTraceId(trace.traceId));
            return send(trace);
          }, headers);
          expect(traceIds.size).toBe(1);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('has a span of its own for each call, which is the parent on the other side', () => {
    const a = receive({ 'x-request-id': 'req-001' });
    const calls = Array.from({ length: 100 }, () => call(a));
    const parents = calls.map((headers) => receive(headers).origin.parentSpanId);
    expect(parents).toEqual(calls.map(({ traceparent }) => traceparent?.split('-')[2]));
    expect(new Set([...parents, a.spanId]).size).toBe(101);
  });

  it('sends no request id and no session id to other hosts', () => {
    const trace = receive({ 'x-request-id': 'req-001', 'x-session-id': 'session-1' });
    expect(Object.keys(callOut(trace))).toEqual(['traceparent']);
    expect(JSON.stringify(callOut(trace))).not.toMatch(/req-001|session-1/);
  });
});

describe('two requests with one X-Request-ID', () => {
  it('are one trace and two spans', () => {
    const [a, b] = [1, 2].map(() => receive({ 'x-request-id': 'same' }));
    expect(a!.traceId).toBe(b!.traceId);
    expect(a!.spanId).not.toBe(b!.spanId);
    expect(a!.scope).not.toBe(b!.scope);
  });
});
