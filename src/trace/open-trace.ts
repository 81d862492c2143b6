import { DEBUG_LEVEL_HEADER, readDebugLevel, type DebugLevel } from './debug-level.js';
import { isSpanId, isW3cTraceId, newSpanId, spellsTraceId, toW3cTraceId } from './ids.js';
import type { ActiveSpan } from './sdk-span.js';
import type { TracePolicy } from './trace-policy.js';
import { Trace, type LiveMetadata, type Received } from './trace.js';
import {
  FLAG_RANDOM,
  FLAG_SAMPLED,
  KNOWN_FLAGS,
  parseTraceparent,
  type Traceparent,
} from './traceparent.js';
import { parseTracestate } from './tracestate.js';

/** What a caller sent: ids that are already validated, and W3C headers as they were received. */
export interface TraceCarrier {
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  /** Reduced to the members that may be forwarded. */
  baggage?: string | undefined;
  traceId?: string | undefined;
  requestId?: string | undefined;
  /** The id that was generated already for a request without one. */
  newRequestId?: string | undefined;
  sessionId?: string | undefined;
  /** The level that the trace it is part of is logged at. */
  debugLevel?: DebugLevel | undefined;
  /** Whether the caller records the trace, where no `traceparent` says it. */
  isSampled?: boolean | undefined;
  /** Everything that it came with. None of it is validated. */
  received?: Received | undefined;
  /**
   * Whether ids and headers of the caller are accepted, here and in its later messages. Default:
   * `true`.
   */
  isTrusted?: boolean;
}

/**
 * Creates the trace of one request. Its trace id is the first of these that exists: that of the
 * active span if it continues the caller's trace, that of `traceparent`, the given trace id, the
 * received request id, a new one.
 *
 * A request id that is not a W3C trace id is sent in `traceparent` as a derived id. If a request
 * has both and one is derived from the other, the request id is the trace id: the caller has
 * logged it, and a trace must have the same id in every log.
 */
export function openTrace(
  carrier: TraceCarrier,
  policy: TracePolicy,
  metadata: LiveMetadata,
  active?: ActiveSpan,
): Trace {
  const parent =
    carrier.traceparent === undefined ? undefined : parseTraceparent(carrier.traceparent);
  // If an SDK has continued the caller's trace already, its span is the span of this request.
  const span = isContinuing(active, parent) ? active : undefined;
  const w3cId = span?.traceId ?? parent?.traceId;
  const given = carrier.traceId ?? carrier.requestId;

  const trace = new Trace(
    traceIdOf(w3cId, given, policy),
    carrier.requestId ?? carrier.newRequestId ?? policy.newRequestId(),
    carrier.sessionId ?? policy.newSessionId(),
    span?.spanId ?? newSpanId(),
    {
      traceId: w3cId,
      parentSpanId: parent?.parentId,
      flags:
        span === undefined
          ? (parent?.flags ?? newFlags(given, carrier.isSampled))
          : span.traceFlags & KNOWN_FLAGS,
      tracestate: parent === undefined ? undefined : parseTracestate(carrier.tracestate),
      baggage: carrier.baggage,
      isTrusted: carrier.isTrusted ?? true,
    },
    metadata,
    policy,
    carrier.received,
  );
  const { debugKey } = policy;
  if (debugKey !== undefined) {
    // The signature proves it, so it counts from a caller that is not trusted too.
    trace.debugLevel =
      readDebugLevel(trace.received(DEBUG_LEVEL_HEADER), debugKey) ?? carrier.debugLevel;
  } else if (carrier.debugLevel !== undefined) {
    trace.debugLevel = carrier.debugLevel;
  }
  return trace;
}

/**
 * Whether the active span is part of the caller's trace. OpenTelemetry gives a span whose ids are
 * all zeros where it does not trace.
 */
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

/**
 * The flags of a trace that begins here. An id that a caller chose may not be random, so the
 * `random` flag is only set for other ids.
 */
function newFlags(given: string | undefined, isSampled: boolean | undefined): number {
  const isChosen = given !== undefined && spellsTraceId(given);
  return (isSampled === false ? 0 : FLAG_SAMPLED) | (isChosen ? 0 : FLAG_RANDOM);
}
