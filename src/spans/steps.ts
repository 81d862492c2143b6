import type { Step } from '../records/step.js';
import type { SpanRecord } from '../records/span-record.js';
import { errorLine } from '../records/error-line.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from '../records/round-ms.js';
import { errorOrigins } from './error-origins.js';
import { MAX_STEPS_BYTES, stepsThatFit } from './steps-that-fit.js';

/** The steps of a trace that its access log line has. */
export interface Steps {
  /** `undefined` if there are none. */
  readonly steps: Step[] | undefined;
  /** How many more there were; `undefined` for none. */
  readonly dropped: number | undefined;
  /** What they take in JSON. */
  readonly bytes: number;
}

/**
 * The spans of a trace as the access log line has them, as far as they fit in it.
 *
 * @param room the bytes for those that did not fail.
 */
export function stepsOnLine(trace: Trace, room = MAX_STEPS_BYTES): Steps {
  const all = stepsOf(trace);
  const fitting = all && stepsThatFit(all, room);
  const dropped = trace.droppedSpans + (fitting?.leftOut ?? 0);
  return {
    steps: fitting?.steps,
    dropped: dropped === 0 ? undefined : dropped,
    bytes: fitting?.bytes ?? 0,
  };
}

/** All spans of a trace as steps; `undefined` if there are none. */
export function stepsOf({ spans, startedMs }: Trace): Step[] | undefined {
  if (spans === undefined) return undefined;
  const origins = errorOrigins(spans);
  return spans.map((span) => stepOf(span, startedMs, origins.has(span)));
}

function stepOf(span: SpanRecord, traceStartedMs: number, isOrigin: boolean): Step {
  const { name, startedMs, durationMs, selfMs, hasChildren, count, depth, failed } = span;
  const status = failed ? statusOf(span) : undefined;
  const error = isOrigin ? errorLine(span.error) : undefined;
  return {
    name,
    start_ms: roundMs(startedMs - traceStartedMs),
    ...(durationMs !== undefined && { duration_ms: roundMs(durationMs) }),
    ...(hasChildren && selfMs !== undefined && { self_ms: roundMs(selfMs) }),
    ...(count !== undefined && { count }),
    ...(depth > 0 && { depth }),
    ...(failed && { failed: true }),
    ...(status !== undefined && { status }),
    ...(error !== undefined && { error }),
  };
}

/**
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/rpc/
 */
const STATUS_ATTRIBUTES = ['http.response.status_code', 'rpc.grpc.status_code'] as const;

/** The status of a call over HTTP or gRPC. */
export function statusOf({ attributes }: SpanRecord): number | undefined {
  if (attributes === undefined) return undefined;
  for (const name of STATUS_ATTRIBUTES) {
    const status = attributes[name];
    if (typeof status === 'number') return status;
  }
  return undefined;
}

/** What the interceptor measured; where the client has disconnected first, up to now. */
export function handlerMs(trace: Trace): number | undefined {
  if (trace.handlerMs !== undefined) return roundMs(trace.handlerMs);
  if (trace.handlerStartedMs === undefined) return undefined;
  return roundMs(performance.now() - trace.handlerStartedMs);
}
