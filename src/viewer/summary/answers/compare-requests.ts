import { roundMs } from '../../../records/round-ms.js';
import { plainJson } from '../../plain-json.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import { waterfallOf } from '../../waterfall/waterfall.js';
import { answerOf, Budget, problemAnswer, shortened, type Answer, type Work } from './answer.js';
import { requestRow, type RequestRow } from './answer-rows.js';
import { findRequest } from './find-request.js';
import { detailsOf } from './request-details.js';

export interface CompareQuery {
  /** Span ids, request ids or trace ids. */
  readonly a: string;
  readonly b: string;
}

/** Steps of one name in the trace of a request. */
interface Steps {
  readonly name: string;
  readonly service: string;
  readonly count: number;
  readonly durationMs: number;
  readonly failed: boolean;
}

const MAX_TEXT = 200;
const MAX_MESSAGES = 20;
/** A step that took longer by less, or by a smaller part, took about as long. */
const LEAST_MS = 1;
const LEAST_PART = 0.2;
/** These differ between any two requests. */
const OF_ONE = new Set<keyof RequestRow>([
  ...(['id', 'at', 'at_ms', 'duration_ms', 'request_id', 'trace_id'] as const),
]);

/** What differs between two requests, in their whole traces: `b` as seen from `a`. */
export function* compareRequests(store: ViewStore, query: CompareQuery): Work<Answer> {
  const a = findRequest(store, query.a);
  const b = findRequest(store, query.b);
  if (a === undefined || b === undefined) {
    return problemAnswer(`No request with the id ${a === undefined ? query.a : query.b} is kept.`);
  }
  const rowA = requestRow(store, a);
  const rowB = requestRow(store, b);
  const budget = new Budget();
  const share = budget.share(0.5);
  const head = share.fit({
    a: rowA,
    b: rowB,
    duration_change_ms: roundMs((rowB.duration_ms ?? 0) - (rowA.duration_ms ?? 0)),
    differing_fields: differing(
      { ...rowA, ...detailsOf(a.record) },
      { ...rowB, ...detailsOf(b.record) },
    ),
  });
  budget.giveBack(share);
  yield;
  const stepsA = stepsOf(store, a);
  yield;
  const stepsB = stepsOf(store, b);
  const all = changes(stepsA, stepsB);
  const steps: object[] = [];
  for (const change of all) if (!budget.add(steps, change)) break;
  const messages = {
    only_in_a: yield* messagesOnlyIn(store, a, b),
    only_in_b: yield* messagesOnlyIn(store, b, a),
  };
  const data = { ...head, steps, ...budget.fit(messages) };
  const left = all.length - steps.length;
  // The rest differs less. Each of the two requests can be shown by itself.
  return left === 0 ? answerOf(data) : answerOf(data, { left: { steps: left }, next: {} });
}

function differing(a: Record<string, unknown>, b: Record<string, unknown>): object[] {
  const fieldsOf = ({ fields, ...row }: Record<string, unknown>): Record<string, unknown> =>
    typeof fields === 'object' ? { ...fields, ...row } : row;
  const [all, others] = [fieldsOf(a), fieldsOf(b)];
  return [...new Set([...Object.keys(all), ...Object.keys(others)])]
    .filter((name) => !OF_ONE.has(name as keyof RequestRow) && !name.endsWith('_ms'))
    .map((name) => ({
      name: shortened(name, MAX_TEXT),
      a: shown(all[name]),
      b: shown(others[name]),
    }))
    .filter((one) => one.a !== one.b);
}

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return shortened(typeof value === 'string' ? value : plainJson(value), MAX_TEXT);
}

function stepsOf(store: ViewStore, request: ViewedRequest): ReadonlyMap<string, Steps> {
  const steps = new Map<string, Steps>();
  for (const row of waterfallOf(store, request).rows) {
    if (row.request === request) continue;
    const { name, service, count = 1, durationMs = 0, isFailed } = row;
    const key = `${service}\n${name}`;
    const before = steps.get(key);
    steps.set(key, {
      name,
      service,
      count: count + (before?.count ?? 0),
      durationMs: durationMs + (before?.durationMs ?? 0),
      failed: isFailed || before?.failed === true,
    });
  }
  return steps;
}

function changes(a: ReadonlyMap<string, Steps>, b: ReadonlyMap<string, Steps>): object[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((key) => changeOf(a.get(key), b.get(key)))
    .filter((change) => change !== undefined)
    .toSorted((one, other) => Math.abs(other.change_ms) - Math.abs(one.change_ms));
}

function changeOf(a: Steps | undefined, b: Steps | undefined) {
  const { name, service } = (b ?? a)!;
  const [aMs, bMs] = [a?.durationMs ?? 0, b?.durationMs ?? 0];
  const [aCount, bCount] = [a?.count ?? 0, b?.count ?? 0];
  const isSlower = bMs - aMs > LEAST_MS && bMs > aMs * (1 + LEAST_PART);
  const isFaster = aMs - bMs > LEAST_MS && aMs > bMs * (1 + LEAST_PART);
  const inOne = a === undefined ? 'extra' : b === undefined ? 'missing' : undefined;
  const inCount = bCount > aCount ? 'more' : bCount < aCount ? 'fewer' : undefined;
  const inTime = isSlower ? 'slower' : isFaster ? 'faster' : undefined;
  const failsInOne = a?.failed === b?.failed ? undefined : a?.failed === true ? 'a' : 'b';
  const failedIn = a?.failed || b?.failed ? failsInOne : undefined;
  const change = inOne ?? inCount ?? inTime ?? (failedIn === undefined ? undefined : 'failed');
  if (change === undefined) return undefined;
  return {
    change,
    name: shortened(name, MAX_TEXT),
    service: shortened(service, MAX_TEXT),
    a_count: aCount,
    b_count: bCount,
    a_ms: roundMs(aMs),
    b_ms: roundMs(bMs),
    change_ms: roundMs(bMs - aMs),
    failed_in: failedIn,
  };
}

/** The messages of one that the other has not; numbers and ids in them do not count. */
function* messagesOnlyIn(
  store: ViewStore,
  one: ViewedRequest,
  other: ViewedRequest,
): Work<string[]> {
  const known = new Set<string>();
  for (const { record } of store.linesOf(other)) {
    yield;
    known.add(patternOf(record.message));
  }
  const only = new Map<string, string>();
  for (const { record } of store.linesOf(one)) {
    yield;
    const pattern = patternOf(record.message);
    if (!known.has(pattern) && only.size < MAX_MESSAGES) only.set(pattern, record.message);
  }
  return [...only.values()].map((message) => shortened(message, MAX_TEXT));
}

function patternOf(message: string): string {
  return message.slice(0, 1000).replace(/[\da-f]{4,}[\da-f-]*|\d+/gi, '#');
}
