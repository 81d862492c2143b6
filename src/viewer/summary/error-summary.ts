import { isFailure } from '../request-outcome.js';
import type { ViewedRequest } from '../store/viewed-records.js';
import type { ViewRequest } from '../view-records.js';
import { quoted } from '../search/quoted.js';
import { routeName, routeSearch } from './route-summary.js';

/** Failed requests with the same error: a row of the view of errors. */
export interface ErrorSummary {
  /** Its {@link errorId}; for a failure without one, what else it has in common. */
  readonly key: string;
  /** The access log line's `error_id`: the same for the same error at the same place. */
  readonly errorId: string | undefined;
  /** The first line of the latest error, as in `TypeError: x is not a function`. */
  readonly title: string;
  /** The search that finds its requests; for one without an id, those of the route. */
  readonly search: string;
  readonly requests: number;
  /** The number of sessions that have seen it. */
  readonly sessions: number;
  readonly services: readonly string[];
  /** The routes that it was seen on, the first first. */
  readonly routes: readonly string[];
  /** When the first of its requests began: milliseconds since the Unix epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly latest: ViewedRequest;
}

/** The failed requests by their error, the latest first. */
export function summarizeErrors(requests: Iterable<ViewedRequest>): readonly ErrorSummary[] {
  const errors = new Map<string, ViewedRequest[]>();
  for (const request of requests) {
    if (!isFailure(request.record)) continue;
    const key = errorKey(request.record);
    const known = errors.get(key);
    if (known === undefined) errors.set(key, [request]);
    else known.push(request);
  }
  return [...errors]
    .map(([key, all]) => summaryOf(key, all))
    .toSorted((a, b) => b.lastAt - a.lastAt);
}

/** The first line of a request's error; how it ended, where it has none. */
export function errorTitle({ error, status_code: status, outcome }: ViewRequest): string {
  const first = error?.trimStart().split('\n', 1)[0];
  if (first !== undefined && first !== '') return first;
  return status === undefined ? (outcome ?? 'running') : `HTTP ${status}`;
}

function errorKey(record: ViewRequest): string {
  return record.error_id ?? [record.service, routeName(record), errorTitle(record)].join('\n');
}

function summaryOf(key: string, all: readonly ViewedRequest[]): ErrorSummary {
  const inOrder = all.toSorted((a, b) => a.record.startedAt - b.record.startedAt);
  const latest = inOrder.at(-1)!;
  const sessions = new Set(all.map(({ record }) => record.sessionId));
  sessions.delete(undefined);
  return {
    key,
    errorId: latest.record.error_id,
    title: errorTitle(latest.record),
    search:
      latest.record.error_id === undefined
        ? routeSearch(latest.record)
        : `error_id:${quoted(latest.record.error_id)}`,
    requests: all.length,
    sessions: sessions.size,
    services: [...new Set(all.map(({ record }) => record.service))],
    routes: [...new Set(inOrder.map(({ record }) => routeName(record)))],
    firstAt: inOrder[0]!.record.startedAt,
    lastAt: latest.record.startedAt,
    latest,
  };
}
