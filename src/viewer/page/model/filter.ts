import type { ViewRequest } from '../../view-records.js';
import { severityOf } from './levels.js';
import type { PageStore } from './page-store.js';
import type { ShownLine, ShownRequest } from './shown.js';

export type StatusFilter = '2xx' | '3xx' | '4xx' | '5xx' | 'aborted' | 'running';

/** What the user wants to see. What is missing lets everything through. */
export interface Filter {
  /** An id, or a part of any text. */
  text: string;
  /** This one and worse. */
  level?: string | undefined;
  /** Its id. */
  session?: string | undefined;
  status?: StatusFilter | undefined;
  slowerThanMs?: number | undefined;
  service?: string | undefined;
}

/** Whether a request is let through, for itself or for one of its lines. */
export function isMatchingRequest(
  store: PageStore,
  request: ShownRequest,
  filter: Filter,
): boolean {
  const { record } = request;
  return (
    (filter.session === undefined || record.sessionId === filter.session) &&
    (filter.service === undefined || record.service === filter.service) &&
    hasStatus(record, filter) &&
    hasLevel(store, request, filter) &&
    hasText(store, request, filter)
  );
}

/** Whether a line is let through. What only a request can have is asked of its request. */
export function isMatchingLine(store: PageStore, line: ShownLine, filter: Filter): boolean {
  const { record } = line;
  if (filter.service !== undefined && record.service !== filter.service) return false;
  if (filter.level !== undefined && !isAsBad(record.level, filter.level)) return false;
  const text = wanted(filter);
  if (text !== '' && !store.lineText(line).includes(text)) return false;
  if (filter.session !== undefined && sessionOf(store, line) !== filter.session) return false;
  if (filter.status === undefined && filter.slowerThanMs === undefined) return true;
  const request = store.requestOf(line);
  return request !== undefined && hasStatus(request.record, filter);
}

function wanted({ text }: Filter): string {
  return text.trim().toLowerCase();
}

function sessionOf(store: PageStore, line: ShownLine): string | undefined {
  return line.record.sessionId ?? store.requestOf(line)?.record.sessionId;
}

function hasText(store: PageStore, request: ShownRequest, filter: Filter): boolean {
  const text = wanted(filter);
  return (
    text === '' ||
    store.requestText(request).includes(text) ||
    store.linesOf(request).some((line) => store.lineText(line).includes(text))
  );
}

function hasLevel(store: PageStore, request: ShownRequest, { level }: Filter): boolean {
  if (level === undefined || isAsBad(levelOf(request.record), level)) return true;
  return store.linesOf(request).some(({ record }) => isAsBad(record.level, level));
}

function isAsBad(level: string, threshold: string): boolean {
  return severityOf(level) >= severityOf(threshold);
}

/** That of its finish line. */
function levelOf({ status = 0, outcome }: ViewRequest): string {
  if (outcome === 'errored') return 'error';
  return status < 400 ? 'info' : 'warn';
}

function hasStatus(record: ViewRequest, { status, slowerThanMs }: Filter): boolean {
  if (status !== undefined && statusOf(record) !== status) return false;
  return slowerThanMs === undefined || elapsedMs(record) > slowerThanMs;
}

/** One that still runs has taken as long as that already. */
function elapsedMs({ outcome, startedAt, durationMs }: ViewRequest): number {
  return durationMs ?? (outcome === undefined ? Date.now() - startedAt : 0);
}

function statusOf({ outcome, status }: ViewRequest): string {
  if (outcome === undefined) return 'running';
  if (outcome === 'aborted') return outcome;
  if (status !== undefined) return `${Math.floor(status / 100)}xx`;
  // A message, job or run has none.
  return outcome === 'errored' ? '5xx' : '2xx';
}
