import type { SingleSpanRecord } from '../records/span-record.js';
import type { Trace } from '../trace/trace.js';

/**
 * The parent span of everything that happens on a connection. A connection has no access log line
 * and may last for days, so the span is that of the handshake, which ends when the trace is open.
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
