import { subscribe } from 'node:diagnostics_channel';
import type { SpanFinishEvent } from '../../src/index.js';

// Imported by a service that a test starts: its spans follow its lines. They go to standard
// error, for two that write to one pipe cut each other's lines when it is full.
subscribe('nestjs-tracing:span:finish', (message) => {
  const { trace, span } = message as SpanFinishEvent;
  console.error(
    JSON.stringify({
      level: 'debug',
      message: 'Span finished',
      trace_id: trace.traceId,
      request_id: trace.requestId,
      session_id: trace.sessionId,
      span_id: span.spanId,
      parent_span_id: span.parentSpanId,
      name: span.name,
      kind: span.kind,
      failed: span.failed,
      ...span.attributes,
    }),
  );
});
