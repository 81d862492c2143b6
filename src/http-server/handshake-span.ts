import type { SingleSpanRecord } from '../records/span-record.js';
import type { Trace } from '../trace/trace.js';

/**
 * The span that whatever happens on a connection is below. A connection has no finish line, and may
 * last for days, so it is the handshake, which is over as soon as the trace is open.
 */
export function handshakeSpan({ spanId, origin, metadata, startedMs }: Trace): SingleSpanRecord {
  const durationMs = performance.now() - startedMs;
  return {
    name: `${metadata.transport} handshake`,
    kind: 'server',
    spanId,
    parentSpanId: origin.parentSpanId,
    startedMs,
    depth: 0,
    durationMs,
    selfMs: durationMs,
    hasChildren: false,
    count: undefined,
    failed: false,
    error: undefined,
    attributes: undefined,
  };
}
