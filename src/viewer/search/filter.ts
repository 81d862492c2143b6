import { INFO_SEVERITY, severityOf } from '../../records/severity.js';
import type { ViewRequest } from '../view-records.js';
import type { ViewStore } from '../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../store/viewed-records.js';
import { elapsedMs, lineField, requestField } from './field-values.js';
import { parseSearch, type Search, type SearchTerm } from './search.js';

export const STATUSES = ['2xx', '3xx', '4xx', '5xx', 'aborted', 'running'] as const;
export type StatusFilter = (typeof STATUSES)[number];

/** What the user wants to see. A property that is missing lets everything through. */
export interface Filter {
  /** In the search language: {@link parseSearch}. */
  text: string;
  /** Lines of this level and more severe ones. */
  level?: string | undefined;
  /** The id of a session. */
  session?: string | undefined;
  status?: StatusFilter | undefined;
  slowerThanMs?: number | undefined;
  service?: string | undefined;
}

/** Whether the filter lets everything through. */
export function isEmptyFilter(filter: Filter): boolean {
  return Object.values(filter).every((value) => value === undefined || value === '');
}

/** Says which of the requests and lines of a store pass a filter. */
export class RecordFilter {
  readonly search: Search;

  constructor(
    private readonly store: ViewStore,
    private readonly filter: Filter,
  ) {
    this.search = parseSearch(filter.text);
  }

  /** Whether a request, or one of its lines, matches. */
  isMatchingRequest(request: ViewedRequest): boolean {
    const { record } = request;
    const { session, service } = this.filter;
    return (
      this.search.problem === undefined &&
      (session === undefined || record.sessionId === session) &&
      (service === undefined || record.service === service) &&
      this.hasStatus(record) &&
      this.hasLevel(request) &&
      this.search.terms.every((term) => this.isInRequest(term, request) !== term.isNegated)
    );
  }

  /** Whether a line matches. Status and duration are those of its request. */
  isMatchingLine(line: ViewedLine): boolean {
    const { record } = line;
    const { session, service, level, status, slowerThanMs } = this.filter;
    if (this.search.problem !== undefined) return false;
    if (service !== undefined && record.service !== service) return false;
    if (level !== undefined && !isAsSevere(record.level, level)) return false;
    if (!this.search.terms.every((term) => this.isInLine(term, line) !== term.isNegated)) {
      return false;
    }
    if (session !== undefined && this.sessionOf(line) !== session) return false;
    if (status === undefined && slowerThanMs === undefined) return true;
    const request = this.store.requestOf(line);
    return request !== undefined && this.hasStatus(request.record);
  }

  private isInRequest(term: SearchTerm, request: ViewedRequest): boolean {
    const { field } = term;
    if (field === undefined) {
      const { store } = this;
      return (
        term.matches(store.requestText(request)) ||
        store.linesOf(request).some((line) => term.matches(store.lineText(line)))
      );
    }
    const values = requestField(request.record, field);
    if (values.length > 0) return values.some((value) => term.matches(value));
    const lines = this.store.linesOf(request);
    return lines.some(({ record }) =>
      lineField(record, field).some((value) => term.matches(value)),
    );
  }

  private isInLine(term: SearchTerm, line: ViewedLine): boolean {
    const { field } = term;
    if (field === undefined) return term.matches(this.store.lineText(line));
    let values = lineField(line.record, field);
    if (values.length === 0) {
      const request = this.store.requestOf(line);
      if (request !== undefined) values = requestField(request.record, field);
    }
    return values.some((value) => term.matches(value));
  }

  private sessionOf(line: ViewedLine): string | undefined {
    return line.record.sessionId ?? this.store.requestOf(line)?.record.sessionId;
  }

  private hasLevel(request: ViewedRequest): boolean {
    const { level } = this.filter;
    if (level === undefined || isAsSevere(levelOf(request.record), level)) return true;
    return this.store.linesOf(request).some(({ record }) => isAsSevere(record.level, level));
  }

  private hasStatus(record: ViewRequest): boolean {
    const { status, slowerThanMs } = this.filter;
    if (status !== undefined && statusOf(record) !== status) return false;
    return slowerThanMs === undefined || elapsedMs(record) > slowerThanMs;
  }
}

function isAsSevere(level: string, threshold: string): boolean {
  return (severityOf(level) ?? INFO_SEVERITY) >= (severityOf(threshold) ?? INFO_SEVERITY);
}

/** The level of its access log line. */
function levelOf({ status_code: status = 0, outcome }: ViewRequest): string {
  if (outcome === 'errored') return 'error';
  return status < 400 ? 'info' : 'warn';
}

function statusOf({ outcome, status_code: status }: ViewRequest): string {
  if (outcome === undefined) return 'running';
  if (outcome === 'aborted') return outcome;
  if (status !== undefined) return `${Math.floor(status / 100)}xx`;
  // A message, job or run has no status.
  return outcome === 'errored' ? '5xx' : '2xx';
}
