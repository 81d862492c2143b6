import { describe, expect, it } from '@jest/globals';
import { runWithTrace } from '../../src/context/trace-store.js';
import { copiedNames, withHeaders } from '../../src/instrumentation/outgoing-headers.js';
import { spanIdInHeaders } from '../../src/instrumentation/microservices/manual-traceparent.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { allHeaders } from '../../src/trace/propagation.js';
import type { Received, Trace } from '../../src/trace/trace.js';

const SENT = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=state',
  baggage: 'tenant=acme',
  'x-request-id': 'from-outside',
  'x-session-id': 'session-outside',
};

function traceOf(received: Received): Trace {
  const metadata = { transport: 'test', startedAt: 0 };
  return openTrace({ isTrusted: false, received }, resolveOptions().policy, metadata);
}

const bytes = Object.fromEntries(
  Object.entries(SENT).map(([name, value]) => [name, Buffer.from(value)]),
);
const lists = Object.fromEntries(Object.entries(SENT).map(([name, value]) => [name, [value]]));

describe('headers of a message that were copied from the one that is handled', () => {
  it.each([
    ['text', SENT, SENT],
    ['bytes, as Kafka has them', bytes, bytes],
    ['lists, as NATS has them', lists, lists],
    ['of an HTTP request, in a message', SENT, bytes],
  ])('are replaced by those of its trace: %s', (_name, received, copied) => {
    const trace = traceOf((name) => (received as Record<string, unknown>)[name]);
    const headers = allHeaders(trace);
    const sent = runWithTrace(trace, () => withHeaders({ ...copied, own: 'kept' }, headers));
    expect(sent).toEqual({ ...headers, own: 'kept' });
    expect(sent).not.toHaveProperty('baggage');
    expect(withHeaders({ ...copied, own: 'kept' }, headers, trace)).toEqual(sent);
    expect(runWithTrace(trace, () => spanIdInHeaders(copied))).toBeUndefined();
  });

  it('are not those that have another value, or that belong to the traceparent of another', () => {
    const trace = traceOf(SENT);
    const own = {
      traceparent: `00-${'1'.repeat(32)}-b7ad6b7169203331-01`,
      tracestate: SENT.tracestate,
      'x-request-id': 'own',
    };
    const sent = withHeaders(own, allHeaders(trace), trace);
    expect(sent).toEqual({ ...own, 'x-session-id': trace.sessionId });
  });

  it('are none outside a trace, nor where reading what was received throws', () => {
    const read = (name: keyof typeof SENT): string => SENT[name];
    expect(copiedNames(read as (name: string) => unknown)).toEqual([]);
    const trace = traceOf(() => {
      throw new Error('no headers');
    });
    expect(copiedNames(read as (name: string) => unknown, trace)).toEqual([]);
  });
});
