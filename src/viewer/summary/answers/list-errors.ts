import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import { summarizeErrors, type ErrorSummary } from '../error-summary.js';
import { answerOf, Budget, problemAnswer, shortened, type Answer, type Work } from './answer.js';
import { timeOf } from './answer-rows.js';
import { DEFAULT_LIMIT, droppedOf, isMeant, type ListQuery } from './list-requests.js';
import { SlicedFilter } from './sliced-filter.js';

export interface ErrorQuery extends Omit<ListQuery, 'before'> {
  /** How many errors were in the answers before. */
  readonly skip?: number | undefined;
}

const MAX_TITLE = 300;
const MAX_STACK = 1500;
const MAX_PLACES = 5;

/** The errors with which requests failed, the latest first: equal ones are one. */
export function* listErrors(store: ViewStore, query: ErrorQuery): Work<Answer> {
  const filter = new SlicedFilter(store, query.search);
  if (filter.problem !== undefined) return problemAnswer(filter.problem);
  const meant: ViewedRequest[] = [];
  for (const request of [...store.requests]) {
    yield;
    const isFailed = isMeant(request, { ...query, only_failed: true });
    if (isFailed && (yield* filter.isMatchingRequest(request))) meant.push(request);
  }
  const { skip = 0, limit = DEFAULT_LIMIT } = query;
  const all = summarizeErrors(meant);
  const budget = new Budget();
  const errors: object[] = [];
  for (const error of all.slice(skip, skip + limit)) {
    if (!budget.add(errors, errorRow(error))) break;
  }
  const given = skip + errors.length;
  const data = { errors, found: all.length, ...droppedOf(store) };
  return given >= all.length
    ? answerOf(data)
    : answerOf(data, { left: { errors: all.length - given }, next: { skip: given } });
}

function errorRow({ errorId, title, latest, firstAt, lastAt, ...error }: ErrorSummary): object {
  const places = (all: readonly string[]): string[] =>
    all.slice(0, MAX_PLACES).map((one) => shortened(one, MAX_TITLE));
  const stack = latest.record.error;
  return {
    error_id: errorId && shortened(errorId, MAX_TITLE),
    title: shortened(title, MAX_TITLE),
    requests: error.requests,
    sessions: error.sessions,
    services: places(error.services),
    routes: places(error.routes),
    first: timeOf(firstAt),
    last: timeOf(lastAt),
    latest_request: latest.record.spanId,
    stack: stack && shortened(stack, MAX_STACK),
  };
}
