import { roundMs } from '../../../records/round-ms.js';
import { plainJson } from '../../plain-json.js';
import { outcomeWord } from '../../request-outcome.js';
import { titleOf } from '../../request-title.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import type { WaterfallRow } from '../../waterfall/waterfall.js';
import { shortened } from './answer.js';

/* The rows of answers. Names are those of the access log, so that a search can use them. */

const MAX_NAME = 200;
const MAX_MESSAGE = 1000;
const MAX_STACK = 1500;
const MAX_FIELDS = 800;

/** A request in a list. */
export interface RequestRow {
  /** Its span id, by which every question takes it. */
  readonly id: string;
  readonly title: string;
  readonly service: string;
  readonly kind: string;
  /** ISO 8601. */
  readonly at: string;
  /** The same in milliseconds since the Unix epoch. */
  readonly at_ms: number;
  readonly duration_ms: number | undefined;
  /** `completed`, `refused` (4xx), `errored`, `aborted` or `running`. */
  readonly outcome: string;
  readonly status_code: number | undefined;
  readonly route: string | undefined;
  readonly request_id: string | undefined;
  readonly trace_id: string;
  readonly session_id: string | undefined;
  readonly user: string | undefined;
  /** The first line of its error. */
  readonly error: string | undefined;
  readonly error_id: string | undefined;
  /** How many lines it has written. */
  readonly lines: number;
}

export function requestRow(store: ViewStore, request: ViewedRequest): RequestRow {
  const { record } = request;
  const { error, fields } = record;
  const user = fields?.['user'];
  return {
    id: record.spanId,
    title: shortened(titleOf(record), MAX_NAME),
    service: shortened(record.service, MAX_NAME),
    kind: record.kind,
    ...timeOf(record.startedAt),
    duration_ms: record.duration_ms,
    outcome: outcomeWord(record),
    status_code: record.status_code,
    route: optional(record.route),
    request_id: optional(record.requestId),
    trace_id: shortened(record.traceId, MAX_NAME),
    session_id: optional(record.sessionId),
    user: user === undefined ? undefined : shortened(textOf(user), MAX_NAME),
    error: optional(error?.trimStart().split('\n', 1)[0]),
    error_id: optional(record.error_id),
    lines: store.linesOf(request).length,
  };
}

/** A log line. */
export interface LineRow {
  readonly at: string;
  readonly at_ms: number;
  /** In the trace that is shown: from its begin. */
  readonly offset_ms?: number;
  readonly level: string;
  readonly message: string;
  readonly service: string;
  readonly context: string | undefined;
  readonly request_id: string | undefined;
  readonly trace_id: string | undefined;
  readonly session_id: string | undefined;
  readonly span_id: string | undefined;
  /** The other fields of the entry; a text of JSON where they are too long. */
  readonly fields: unknown;
  readonly error: string | undefined;
}

export function lineRow({ record }: ViewedLine): LineRow {
  return {
    ...timeOf(record.time),
    level: record.level,
    message: shortened(record.message, MAX_MESSAGE),
    service: shortened(record.service, MAX_NAME),
    context: optional(record.context),
    request_id: optional(record.requestId),
    trace_id: optional(record.traceId),
    session_id: optional(record.sessionId),
    span_id: optional(record.spanId),
    fields: shortValue(record.fields),
    error: record.error && shortened(record.error, MAX_STACK),
  };
}

/** A request or span of a waterfall. */
export interface SpanRow {
  readonly depth: number;
  /** From the begin of the trace. */
  readonly offset_ms: number;
  /** Missing for one that its request did not wait for. */
  readonly duration_ms: number | undefined;
  readonly name: string;
  readonly service: string;
  readonly kind: string;
  readonly id: string | undefined;
  readonly failed: true | undefined;
  /** How many equal spans it sums up. */
  readonly count: number | undefined;
  readonly status_code: number | undefined;
  readonly attributes: unknown;
  readonly error: string | undefined;
}

export function spanRow(row: WaterfallRow): SpanRow {
  const { request, span } = row;
  return {
    depth: row.depth,
    offset_ms: roundMs(row.offsetMs),
    duration_ms: row.durationMs === undefined ? undefined : roundMs(row.durationMs),
    name: shortened(row.name, MAX_NAME),
    service: shortened(row.service, MAX_NAME),
    kind: request === undefined ? (span?.kind ?? row.kind) : request.record.kind,
    id: request?.record.spanId ?? span?.spanId,
    failed: row.isFailed || undefined,
    count: row.count,
    status_code: request?.record.status_code,
    attributes: shortValue(span?.attributes),
    error: optional((span?.error ?? request?.record.error)?.trimStart().split('\n', 1)[0]),
  };
}

/** A time in both forms. */
export function timeOf(ms: number): { readonly at: string; readonly at_ms: number } {
  const date = new Date(ms);
  // A log may have any number as its time.
  return { at: Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString(), at_ms: roundMs(ms) };
}

function optional(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : shortened(text, MAX_NAME);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : plainJson(value);
}

/** Fields as they are, or the beginning of their JSON. */
function shortValue(value: object | undefined): unknown {
  if (value === undefined) return undefined;
  const json = plainJson(value);
  return json.length > MAX_FIELDS ? shortened(json, MAX_FIELDS) : value;
}
