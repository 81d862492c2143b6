import { newSpanId, toW3cTraceId } from './ids.js';
import { Trace, type LiveMetadata } from './trace.js';
import { FLAG_RANDOM, FLAG_SAMPLED, parseTraceparent } from './traceparent.js';
import { parseTracestate } from './tracestate.js';

/** What a caller gave: ids that were found valid, W3C headers as they came. */
export interface TraceCarrier {
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  /** Only what may be forwarded. */
  baggage?: string | undefined;
  traceId?: string | undefined;
  requestId?: string | undefined;
  sessionId?: string | undefined;
}

/** A span that another tracer has open, such as OpenTelemetry's HTTP instrumentation. */
export interface ActiveSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** How ids are made when a caller gave none. */
export interface IdPolicy {
  readonly newTraceId: () => string;
  readonly newRequestId: () => string;
  readonly newSessionId: () => string;
  /** Whether `traceId` must be a W3C id, whatever came in. */
  readonly w3cOnly: boolean;
}

const NEW_TRACE_FLAGS = FLAG_SAMPLED | FLAG_RANDOM;

/**
 * Makes the trace of one request. The trace id is that of `traceparent`, else of the active span,
 * else the one given, else the request id that came in, else new.
 *
 * A request id that is not hex travels in `traceparent` in a derived form. When both come in and
 * belong together, the request id is the trace id: the caller logged it so, and one trace must
 * have one value in every log.
 */
export function openTrace(
  carrier: TraceCarrier,
  policy: IdPolicy,
  metadata: LiveMetadata,
  active?: ActiveSpan,
): Trace {
  const parent =
    carrier.traceparent === undefined ? undefined : parseTraceparent(carrier.traceparent);
  const given = carrier.traceId ?? carrier.requestId;
  // Whoever continued the caller's trace before us is the closer parent.
  const isContinued =
    active !== undefined && (parent === undefined || parent.traceId === active.traceId);
  const w3cId = isContinued ? active.traceId : parent?.traceId;

  let traceId: string;
  if (w3cId !== undefined) {
    const isSame = !policy.w3cOnly && given !== undefined && toW3cTraceId(given) === w3cId;
    traceId = isSame ? given : w3cId;
  } else if (given !== undefined) {
    traceId = policy.w3cOnly ? toW3cTraceId(given) : given;
  } else {
    traceId = policy.newTraceId();
  }

  return new Trace(
    traceId,
    carrier.requestId ?? policy.newRequestId(),
    carrier.sessionId ?? policy.newSessionId(),
    newSpanId(),
    {
      traceId: w3cId,
      parentSpanId: isContinued ? active.spanId : parent?.parentId,
      flags: (isContinued ? active.traceFlags : parent?.flags) ?? NEW_TRACE_FLAGS,
      tracestate: parent === undefined ? undefined : parseTracestate(carrier.tracestate),
      baggage: carrier.baggage,
    },
    metadata,
  );
}
