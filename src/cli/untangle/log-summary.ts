import { ERROR_SEVERITY } from '../../records/severity.js';
import { CountedNames } from './counted-names.js';
import { Durations } from './durations.js';
import {
  durationOf,
  idOf,
  isFailedLine,
  type LinesOfRequest,
  requestFieldsOf,
  spanOfTime,
} from './group-summary.js';
import type { LogLine } from './log-line.js';
import type { RequestGroup } from './request-groups.js';
import type { RequestFields } from './request-fields.js';

const MAX_ROUTES = 1000;
const MAX_ERRORS = 1000;
const MAX_SERVICES = 100;
const MAX_MESSAGE = 200;
const NOT_FOUND = 404;

/** What is known of the requests of one route. */
export interface RouteSummary {
  count: number;
  errors: number;
  readonly durations: Durations;
}

/** What is known of the errors with one `error_id`. */
export interface ErrorSummary {
  count: number;
  errorId: string | undefined;
  /** Of the first one. */
  message: string;
  request: string | undefined;
  /** Milliseconds since the Unix epoch. */
  firstSeen: number;
  lastSeen: number;
}

/** Counts what an operator looks at first. Memory does not grow with the log. */
export class LogSummary {
  requests = 0;
  failed = 0;
  aborted = 0;
  /** Requests without an access log line. */
  unfinished = 0;
  /** Lines outside of requests. */
  alone = 0;
  /** Of those, lines of level error and more severe ones. */
  aloneFailed = 0;
  /** Milliseconds since the Unix epoch; infinite where no line has a time. */
  from = Infinity;
  to = -Infinity;
  readonly routes = new CountedNames<RouteSummary>(MAX_ROUTES, () => ({
    ...{ count: 0, errors: 0 },
    durations: new Durations(),
  }));
  readonly errors = new CountedNames<ErrorSummary>(MAX_ERRORS, () => ({
    ...{ count: 0, errorId: undefined, message: '', request: undefined },
    ...{ firstSeen: Infinity, lastSeen: -Infinity },
  }));
  readonly services = new CountedNames<{ count: number }>(MAX_SERVICES, () => ({ count: 0 }));

  addGroup(group: RequestGroup): void {
    const { from, to } = spanOfTime(group);
    this.addTime(from);
    this.addTime(to);
    const isEnded = group.accessLogLine !== undefined;
    // Its first lines were shown before: it was counted then.
    if (group.isContinued && isEnded) this.unfinished--;
    if (!group.isContinued) {
      this.requests++;
      const service = idOf(group, 'service');
      if (service !== undefined) this.services.add(service);
    }
    if (!isEnded) {
      if (!group.isContinued) this.unfinished++;
      for (const line of group.lines) if (isFailedLine(line)) this.addError(line, undefined);
      return;
    }
    this.addEnded(group);
  }

  addLine(line: LogLine): void {
    this.alone++;
    this.addTime(line.time);
    if (line.severity < ERROR_SEVERITY) return;
    this.aloneFailed++;
    this.addError(line, undefined);
  }

  private addEnded(group: LinesOfRequest): void {
    const { lines, accessLogLine } = group;
    const fields = requestFieldsOf(group);
    const failure = [accessLogLine!, ...lines].filter(isFailedLine);
    const isFailed = failure.length > 0;
    if (isFailed) this.failed++;
    if (fields.outcome === 'aborted') this.aborted++;
    const route = this.routes.add(routeOf(fields));
    if (isFailed) route.errors++;
    const duration = durationOf(group);
    if (duration !== undefined) route.durations.add(duration);
    if (!isFailed) return;
    // The line that says most: one with an error, else one with a message of its own.
    const line = failure.find(({ error }) => error !== undefined) ?? failure.at(-1)!;
    this.addError(line, fields, idOf(group, 'request'));
  }

  private addError(
    line: LogLine,
    fields: RequestFields | undefined,
    request: string | undefined = line.request,
  ): void {
    const errorId = fields?.error_id ?? errorIdOf(line);
    const message = messageOf(line, fields);
    // Without an id, messages that differ in numbers alone are of one kind.
    const counted = this.errors.add(errorId ?? message.replace(/\d+/g, '#'));
    if (counted.count === 1) Object.assign(counted, { errorId, message, request });
    const { time } = line;
    if (time === undefined) return;
    counted.firstSeen = Math.min(counted.firstSeen, time);
    counted.lastSeen = Math.max(counted.lastSeen, time);
  }

  private addTime(time: number | undefined): void {
    if (time === undefined) return;
    this.from = Math.min(this.from, time);
    this.to = Math.max(this.to, time);
  }
}

function errorIdOf({ fields }: LogLine): string | undefined {
  const id = fields?.find(([name]) => name === 'error_id')?.[1];
  return typeof id === 'string' ? id : undefined;
}

function messageOf(line: LogLine, fields: RequestFields | undefined): string {
  const { error, message, isAccessLogEntry } = line;
  const status = fields?.status_code;
  const ended = status === undefined ? `${routeOf(fields ?? {})} failed` : `status ${status}`;
  const text = error?.title || (isAccessLogEntry ? ended : message);
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}

// What is one of many in a path: a number, a UUID, or a longer id.
const ID_IN_PATH = /\/(?:\d+|[\da-f]{8}-[\da-f-]{27}|[\da-f]{12,64})(?=\/|$)/gi;

/** The method and the template of a request's route, or what is known of a message, job or run. */
function routeOf(fields: RequestFields): string {
  const { method, route, path, transport, pattern, queue, job, status_code: status } = fields;
  if (transport !== undefined) {
    return [transport, pattern, queue, job].filter((part) => part !== undefined).join(' ');
  }
  // Whatever a scanner asks for.
  const unmatched = status === NOT_FOUND ? '(no route)' : path?.replace(ID_IN_PATH, '/:id');
  return `${method ?? ''} ${route ?? unmatched ?? '(no path)'}`.trimStart();
}
