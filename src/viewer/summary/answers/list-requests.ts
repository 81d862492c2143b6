import { isFailure } from '../../request-outcome.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import { answerOf, Budget, problemAnswer, type Answer, type Work } from './answer.js';
import { requestRow, type RequestRow } from './answer-rows.js';
import { SlicedFilter } from './sliced-filter.js';

/** Which requests or lines are meant. */
export interface ListQuery {
  /** In the search language of the trace viewer. */
  readonly search?: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly since_ms?: number | undefined;
  readonly until_ms?: number | undefined;
  /** At most so many: 1 to {@link MAX_LIMIT}. */
  readonly limit?: number | undefined;
  /** Where the answer before was cut. */
  readonly before?: string | undefined;
}

export interface RequestQuery extends ListQuery {
  /** Those that ended with a server-side failure. */
  readonly only_failed?: boolean | undefined;
}

export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 200;

/** The requests that match, the latest first. */
export function* listRequests(store: ViewStore, query: RequestQuery): Work<Answer> {
  const filter = new SlicedFilter(store, query.search);
  if (filter.problem !== undefined) return problemAnswer(filter.problem);
  const { before, limit = DEFAULT_LIMIT } = query;
  const from = before === undefined ? undefined : store.requestBySpanId(before);
  if (before !== undefined && from === undefined) return problemAnswer(`${before} is not kept.`);
  const budget = new Budget();
  const requests: RequestRow[] = [];
  let left = 0;
  for (const request of latestFirst(store.requests, from)) {
    yield;
    if (!isMeant(request, query) || !(yield* filter.isMatchingRequest(request))) continue;
    const isFull = left > 0 || requests.length >= limit;
    if (isFull || !budget.add(requests, requestRow(store, request))) left++;
  }
  const data = { requests, found: requests.length + left, ...droppedOf(store) };
  const last = requests.at(-1);
  return left === 0 || last === undefined
    ? answerOf(data)
    : answerOf(data, { left: { requests: left }, next: { before: last.id } });
}

/** Whether a request is in the time that is asked for, and failed where that is asked for. */
export function isMeant({ record }: ViewedRequest, query: RequestQuery): boolean {
  const { since_ms: since = -Infinity, until_ms: until = Infinity, only_failed: failed } = query;
  const { startedAt } = record;
  return startedAt >= since && startedAt <= until && (failed !== true || isFailure(record));
}

/** A copy: while a search goes on, the store changes. */
function latestFirst(
  requests: readonly ViewedRequest[],
  before: ViewedRequest | undefined,
): readonly ViewedRequest[] {
  return requests
    .slice(0, before === undefined ? undefined : requests.indexOf(before))
    .toReversed();
}

/** How many records are missing because there were too many; nothing where none is. */
export function droppedOf({ dropped }: ViewStore): object {
  const { requests, lines, spans } = dropped;
  return requests + lines + spans === 0 ? {} : { not_recorded: { requests, lines, spans } };
}
