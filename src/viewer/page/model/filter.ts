import { INFO_SEVERITY, severityOf } from '../../../records/severity.js';
import type { ViewRequest } from '../../view-records.js';
import type { PageStore } from './page-store.js';
import type { PageLine, PageRequest } from './page-records.js';

export type StatusFilter = '2xx' | '3xx' | '4xx' | '5xx' | 'aborted' | 'running';

/** What the user wants to see. A property that is missing lets everything through. */
export interface Filter {
  /** An id, or a part of any text. */
  text: string;
  /** Lines of this level and more severe ones. */
  level?: string | undefined;
  /** The id of a session. */
  session?: string | undefined;
  status?: StatusFilter | undefined;
  slowerThanMs?: number | undefined;
  service?: string | undefined;
}

/** Whether a request, or one of its lines, matches. */
export function isMatchingRequest(store: PageStore, request: PageRequest, filter: Filter): boolean {
  const { record } = request;
  return (
    (filter.session === undefined || record.sessionId === filter.session) &&
    (filter.service === undefined || record.service === filter.service) &&
    hasStatus(record, filter) &&
    hasLevel(store, request, filter) &&
    hasText(store, request, filter)
  );
}

/** Whether a line matches. For status and duration, its request has to match. */
export function isMatchingLine(store: PageStore, line: PageLine, filter: Filter): boolean {
  const { record } = line;
  if (filter.service !== undefined && record.service !== filter.service) return false;
  if (filter.level !== undefined && !isAsSevere(record.level, filter.level)) return false;
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

function sessionOf(store: PageStore, line: PageLine): string | undefined {
  return line.record.sessionId ?? store.requestOf(line)?.record.sessionId;
}

function hasText(store: PageStore, request: PageRequest, filter: Filter): boolean {
  const text = wanted(filter);
  return (
    text === '' ||
    store.requestText(request).includes(text) ||
    store.linesOf(request).some((line) => store.lineText(line).includes(text))
  );
}

function hasLevel(store: PageStore, request: PageRequest, { level }: Filter): boolean {
  if (level === undefined || isAsSevere(levelOf(request.record), level)) return true;
  return store.linesOf(request).some(({ record }) => isAsSevere(record.level, level));
}

function isAsSevere(level: string, threshold: string): boolean {
  return (severityOf(level) ?? INFO_SEVERITY) >= (severityOf(threshold) ?? INFO_SEVERITY);
}

/** The level of its access log line. */
function levelOf({ status_code: status = 0, outcome }: ViewRequest): string {
  if (outcome === 'errored') return 'error';
  return status < 400 ? 'info' : 'warn';
}

function hasStatus(record: ViewRequest, { status, slowerThanMs }: Filter): boolean {
  if (status !== undefined && statusOf(record) !== status) return false;
  return slowerThanMs === undefined || elapsedMs(record) > slowerThanMs;
}

/** The duration; so far, for one that still runs. */
function elapsedMs({ outcome, startedAt, duration_ms: durationMs }: ViewRequest): number {
  return durationMs ?? (outcome === undefined ? Date.now() - startedAt : 0);
}

function statusOf({ outcome, status_code: status }: ViewRequest): string {
  if (outcome === undefined) return 'running';
  if (outcome === 'aborted') return outcome;
  if (status !== undefined) return `${Math.floor(status / 100)}xx`;
  // A message, job or run has no status.
  return outcome === 'errored' ? '5xx' : '2xx';
}
