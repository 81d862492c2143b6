import { roundMs } from '../../../records/round-ms.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import { criticalPath, type CriticalStep } from '../../waterfall/critical-path.js';
import { waterfallOf, type Waterfall, type WaterfallRow } from '../../waterfall/waterfall.js';
import { answerOf, Budget, problemAnswer, shortened, type Answer, type Cut } from './answer.js';
import { lineRow, requestRow, spanRow, type SpanRow } from './answer-rows.js';
import { findRequest } from './find-request.js';
import { detailsOf } from './request-details.js';

export interface ShowQuery {
  /** A span id, request id or trace id. */
  readonly id: string;
  /** How many of the spans were in the answers before. */
  readonly skip_spans?: number | undefined;
  /** How many of the lines were in the answers before. */
  readonly skip_lines?: number | undefined;
}

const MAX_ERROR = 4000;
const MAX_FAILING = 5;
const MAX_REPEATED = 5;
const MAX_REQUESTS = 10;
const MAX_PATH = 12;
const MAX_NAME = 200;
/** Of the answer: the rest is for spans and lines. */
const HEAD_SHARE = 0.6;
/** So many equal steps are worth a look. */
const REPEATED = 4;

/** One request: how it ended, where its time went, and what it has written, in its whole trace. */
export function showRequest(store: ViewStore, query: ShowQuery, now?: number): Answer {
  const request = findRequest(store, query.id);
  if (request === undefined) return problemAnswer(`No request with the id ${query.id} is kept.`);
  return shownRequest(store, request, query, now);
}

/** @param now the end so far of what still runs; leave it out where nothing can. */
export function shownRequest(
  store: ViewStore,
  request: ViewedRequest,
  { skip_spans: skipSpans = 0, skip_lines: skipLines = 0 }: Omit<ShowQuery, 'id'> = {},
  now?: number,
): Answer {
  const { record } = request;
  const waterfall = waterfallOf(store, request, now);
  const others = waterfall.rows.filter((row) => row.kind === 'request' && row.request !== request);
  const budget = new Budget();
  const whole = {
    request: { ...requestRow(store, request), ...detailsOf(record) },
    error: record.error && shortened(record.error, MAX_ERROR),
    failing_steps: failing(waterfall.rows).slice(0, MAX_FAILING).map(spanRow),
    critical_path: pathOf(waterfall),
    repeated_steps: repeated(waterfall.rows),
    trace: {
      duration_ms: roundMs(waterfall.durationMs),
      services: waterfall.services.slice(0, MAX_REQUESTS),
      other_requests: others.slice(0, MAX_REQUESTS).map((row) => otherRequest(spanRow(row))),
    },
  };
  const share = budget.share(HEAD_SHARE);
  const head = share.fit(whole) ?? { request: share.fit(whole.request) };
  budget.giveBack(share);
  const { spans, lines } = listsOf(waterfall, budget, skipSpans, skipLines);
  const left = {
    spans: waterfall.rows.length - skipSpans - spans.length,
    lines: waterfall.lines.length - skipLines - lines.length,
  };
  return answerOf({ ...head, spans, lines }, cutOf(left, skipSpans, skipLines, spans, lines));
}

function listsOf(
  { rows, lines }: Waterfall,
  budget: Budget,
  skipSpans: number,
  skipLines: number,
): { readonly spans: SpanRow[]; readonly lines: object[] } {
  const half = budget.share(0.5);
  const spans = taken(rows.slice(skipSpans), half, spanRow);
  budget.giveBack(half);
  const written = taken(lines.slice(skipLines), budget, ({ line, offsetMs }) => {
    // Their ids are those of the trace.
    const { trace_id: _, session_id: _session, ...row } = lineRow(line);
    return { offset_ms: roundMs(offsetMs), ...row };
  });
  return { spans, lines: written };
}

function taken<T, R>(all: readonly T[], budget: Budget, rowOf: (one: T) => R): R[] {
  const rows: R[] = [];
  for (const one of all) {
    if (!budget.add(rows, rowOf(one))) break;
  }
  return rows;
}

function cutOf(
  left: { readonly spans: number; readonly lines: number },
  skipSpans: number,
  skipLines: number,
  spans: readonly unknown[],
  lines: readonly unknown[],
): Cut | undefined {
  if (left.spans <= 0 && left.lines <= 0) return undefined;
  return {
    left: { spans: Math.max(0, left.spans), lines: Math.max(0, left.lines) },
    next: { skip_spans: skipSpans + spans.length, skip_lines: skipLines + lines.length },
  };
}

/** The failed rows in which no other one failed: where it began. */
function failing(rows: readonly WaterfallRow[]): WaterfallRow[] {
  return rows.filter((row, index) => {
    if (!row.isFailed) return false;
    for (let next = index + 1; rows[next] !== undefined && rows[next]!.depth > row.depth; next++) {
      if (rows[next]!.isFailed) return false;
    }
    return true;
  });
}

/** From the root to the step in which most of the time was spent. */
function pathOf(waterfall: Waterfall): object[] {
  return criticalPath(waterfall).steps.slice(-MAX_PATH).map(stepRow);
}

/** Steps that were taken many times, as in an N+1: those with the most time first. */
function repeated(rows: readonly WaterfallRow[]): object[] {
  const steps = new Map<string, CriticalStep>();
  for (const { name, service, count = 1, durationMs = 0 } of rows) {
    const key = `${service}\n${name}`;
    const step = steps.get(key);
    steps.set(key, {
      name,
      service,
      count: count + (step?.count ?? 0),
      durationMs: durationMs + (step?.durationMs ?? 0),
    });
  }
  return [...steps.values()]
    .filter(({ count }) => count >= REPEATED)
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, MAX_REPEATED)
    .map(stepRow);
}

function stepRow({ name, service, count, durationMs }: CriticalStep): object {
  return {
    name: shortened(name, MAX_NAME),
    service: shortened(service, MAX_NAME),
    count,
    duration_ms: roundMs(durationMs),
  };
}

function otherRequest({ id, name, service, status_code, failed, error, ...row }: SpanRow): object {
  return { id, title: name, service, duration_ms: row.duration_ms, status_code, failed, error };
}
