import { isFailure, isRefused } from '../request-outcome.js';
import { titleOf } from '../request-title.js';
import { quoted } from '../search/quoted.js';
import type { ViewedRequest } from '../store/viewed-records.js';
import type { ViewRequest } from '../view-records.js';
import { percentile } from './percentile.js';

/** What the requests of one route have in common: a row of the view of routes. Times in ms. */
export interface RouteSummary {
  /** Service and route, which no other row has. */
  readonly key: string;
  readonly service: string;
  /** `GET /users/:id`, `tcp payment.charge`; `unmatched` for requests without a route. */
  readonly name: string;
  /** The search that finds its requests, in any service. */
  readonly search: string;
  readonly requests: number;
  readonly running: number;
  /** Server-side failures. */
  readonly failed: number;
  /** Answered with 4xx. */
  readonly refused: number;
  /** The client disconnected. */
  readonly aborted: number;
  /** Requests in a second, from the first to the last that is kept; `undefined` of one. */
  readonly perSecond: number | undefined;
  /** Of those that have ended; `undefined` where none has. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly slowest: ViewedRequest | undefined;
  /** When the last began: milliseconds since the Unix epoch. */
  readonly lastAt: number;
}

/** The requests by route, the most frequent first. */
export function summarizeRoutes(requests: Iterable<ViewedRequest>): readonly RouteSummary[] {
  const routes = new Map<string, ViewedRequest[]>();
  for (const request of requests) {
    const key = `${request.record.service}\n${routeName(request.record)}`;
    const known = routes.get(key);
    if (known === undefined) routes.set(key, [request]);
    else known.push(request);
  }
  return [...routes]
    .map(([key, all]) => summaryOf(key, all))
    .toSorted((a, b) => b.requests - a.requests || (a.key < b.key ? -1 : 1));
}

/** The name of a request's route, with its method: of low cardinality, unlike its title. */
export function routeName(record: ViewRequest): string {
  const { method, route } = record;
  if (method === undefined) return titleOf(record);
  return `${method} ${route ?? 'unmatched'}`;
}

/** The search that finds the requests of the same route. */
export function routeSearch(record: ViewRequest): string {
  const { method, route } = record;
  if (method === undefined) return `title:${quoted(titleOf(record))}`;
  return `method:${quoted(method)} ${route === undefined ? '-route:/./' : `route:${quoted(route)}`}`;
}

function summaryOf(key: string, all: readonly ViewedRequest[]): RouteSummary {
  const ended = all
    .filter(({ record }) => record.duration_ms !== undefined)
    .toSorted((a, b) => a.record.duration_ms! - b.record.duration_ms!);
  const durations = ended.map(({ record }) => record.duration_ms!);
  const starts = all.map(({ record }) => record.startedAt).toSorted((a, b) => a - b);
  const seconds = (starts.at(-1)! - starts[0]!) / 1000;
  const { record } = all[0]!;
  return {
    key,
    service: record.service,
    name: routeName(record),
    search: routeSearch(record),
    requests: all.length,
    running: count(all, ({ outcome }) => outcome === undefined),
    failed: count(all, isFailure),
    refused: count(all, isRefused),
    aborted: count(all, ({ outcome }) => outcome === 'aborted'),
    perSecond: seconds > 0 ? all.length / seconds : undefined,
    p50: percentile(durations, 0.5),
    p95: percentile(durations, 0.95),
    p99: percentile(durations, 0.99),
    slowest: ended.at(-1),
    lastAt: starts.at(-1)!,
  };
}

function count(all: readonly ViewedRequest[], matches: (record: ViewRequest) => boolean): number {
  return all.reduce((sum, { record }) => sum + Number(matches(record)), 0);
}
