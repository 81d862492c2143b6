import { isSpanId, isW3cTraceId, newSpanId, spellsTraceId, toW3cTraceId } from './ids.js';
import type { ActiveSpan } from './sdk-span.js';
import type { TracePolicy } from './trace-policy.js';
import { Trace, type LiveMetadata } from './trace.js';
import {
  FLAG_RANDOM,
  FLAG_SAMPLED,
  KNOWN_FLAGS,
  parseTraceparent,
  type Traceparent,
} from './traceparent.js';
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
  /** Whether what the caller says counts, now and in what it sends later. Default: `true`. */
  isTrusted?: boolean;
}

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
  policy: TracePolicy,
  metadata: LiveMetadata,
  active?: ActiveSpan,
): Trace {
  const parent =
    carrier.traceparent === undefined ? undefined : parseTraceparent(carrier.traceparent);
  // Whoever continued the caller's trace before us has made the span that this trace is.
  const span = isContinuing(active, parent) ? active : undefined;
  const w3cId = span?.traceId ?? parent?.traceId;
  const given = carrier.traceId ?? carrier.requestId;

  return new Trace(
    traceIdOf(w3cId, given, policy),
    carrier.requestId ?? policy.newRequestId(),
    carrier.sessionId ?? policy.newSessionId(),
    span?.spanId ?? newSpanId(),
    {
      traceId: w3cId,
      parentSpanId: parent?.parentId,
      flags:
        span === undefined ? (parent?.flags ?? newFlags(given)) : span.traceFlags & KNOWN_FLAGS,
      tracestate: parent === undefined ? undefined : parseTracestate(carrier.tracestate),
      baggage: carrier.baggage,
      isTrusted: carrier.isTrusted ?? true,
    },
    metadata,
    policy,
  );
}

/** OpenTelemetry hands out a span of zeros where it does not trace. */
function isContinuing(
  span: ActiveSpan | undefined,
  parent: Traceparent | undefined,
): span is ActiveSpan {
  if (span === undefined || !isW3cTraceId(span.traceId) || !isSpanId(span.spanId)) return false;
  return parent === undefined || parent.traceId === span.traceId;
}

function traceIdOf(
  w3cId: string | undefined,
  given: string | undefined,
  policy: TracePolicy,
): string {
  if (w3cId !== undefined) {
    const isSame = !policy.w3cOnly && given !== undefined && toW3cTraceId(given) === w3cId;
    return isSame ? given : w3cId;
  }
  const id = given ?? policy.newTraceId();
  return policy.w3cOnly ? toW3cTraceId(id) : id;
}

/** Of a trace that begins here. Nobody knows whether digits that a caller chose are random. */
function newFlags(given: string | undefined): number {
  const isChosen = given !== undefined && spellsTraceId(given);
  return isChosen ? FLAG_SAMPLED : FLAG_SAMPLED | FLAG_RANDOM;
}
