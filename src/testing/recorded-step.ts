import type { RequestRecord } from '../records/request-record.js';
import { roundMs } from '../records/round-ms.js';
import type { SpanKind, SpanRecord } from '../records/span-record.js';

/**
 * One span of a request, message, job or run that has ended, as `logs.stepsOf` returns it.
 *
 * @publicApi
 */
export interface RecordedStep {
  /** As in `PaymentService.pay` or `SELECT orders`. */
  readonly name: string;
  /** `client` for a call to a database, a cache or another service. */
  readonly kind: SpanKind;
  /** The number of steps around it. The parent is the nearest step before it with a smaller depth. */
  readonly depth: number;
  /** Milliseconds; `undefined` if the request ended before it. Of several equal steps, their sum. */
  readonly durationMs: number | undefined;
  readonly failed: boolean;
  /** How many equal steps below one parent this one represents. 1 for most. */
  readonly count: number;
  /** The system that was called, such as `postgresql` or `redis`; `undefined` for other steps. */
  readonly database: string | undefined;
  /** The id of the span that it is below. */
  readonly parentSpanId: string | undefined;
}

/** The steps of a request, in depth-first order. */
export function recordedSteps({ spans = [] }: RequestRecord): readonly RecordedStep[] {
  const kept = new Map<string, SpanRecord[]>();
  for (const span of spans) {
    if (span.count !== undefined) continue;
    const group = kept.get(groupOf(span));
    if (group === undefined) kept.set(groupOf(span), [span]);
    else group.push(span);
  }
  return spans.map((span) => recordedStep(span, kept.get(groupOf(span)) ?? []));
}

/** @param kept the equal siblings that are kept as single spans, which have the attributes. */
function recordedStep(span: SpanRecord, kept: readonly SpanRecord[]): RecordedStep {
  const { name, kind, depth, durationMs, failed, count, parentSpanId } = span;
  const system = (span.attributes ?? kept[0]?.attributes)?.['db.system.name'];
  return Object.freeze({
    name,
    kind,
    depth,
    durationMs: durationMs === undefined ? undefined : roundMs(durationMs),
    failed,
    // The count of folded siblings includes those that are kept beside their record.
    count: count === undefined ? 1 : count - kept.length,
    database: typeof system === 'string' ? system : undefined,
    parentSpanId,
  });
}

/** Equal siblings: the same name below the same parent. */
function groupOf({ parentSpanId = '', name }: SpanRecord): string {
  return `${parentSpanId} ${name}`;
}
