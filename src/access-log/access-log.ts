import type { IncomingMessage, ServerResponse } from 'node:http';
import { tracingChannels } from '../records/channels.js';
import { guardCallback } from '../options/guard-callback.js';
import type { AccessLogOptions } from '../options/tracing-options.js';
import type { AccessLogRecord } from '../records/access-log-record.js';
import type { Outcome } from '../records/fields.js';
import { requestedUrl } from '../records/requested-url.js';
import { DEFAULT_REDACTION, type Redaction } from '../records/redaction.js';
import { thrownIn } from '../trace/thrown.js';
import type { Trace } from '../trace/trace.js';
import type { FlightRecorder } from '../logging/flight-recorder.js';
import { exclusion } from './exclusion.js';
import { RepeatedCallsWarning } from './repeated-calls-warning.js';
import { explainedError, explainedRequest, type Explanation } from './explanation.js';
import type { IsSkipped } from './skipped-handlers.js';

/** The defaults of `slowerThan` and `explainFrom`. */
const SLOW_MS = 1000;
const CLIENT_ERRORS = 400;

/** Writes a line in the current trace. */
export type WriteLine = (level: string, message: string, fields: object) => void;

type WriteRecord = (
  record: AccessLogRecord,
  message: string,
  request: IncomingMessage | undefined,
  response: ServerResponse | undefined,
) => void;

/**
 * Writes the access log line at the end of a trace, and publishes its record. The options are
 * resolved once.
 *
 * Where a callback of the user throws, the default is used instead, with a warning.
 */
export class AccessLog {
  private readonly line: WriteRecord | undefined;
  private readonly slowerThanMs: number;
  private readonly repeatedCallsWarning: RepeatedCallsWarning;
  private readonly explainFrom: number;
  private readonly hasRequest: boolean;

  /**
   * @param canonical gives the spellings of a path that lead to one route the same form.
   * @param isSkipped whether a handler has `@SkipAccessLog()`.
   * @param recorder has entries to write before the line.
   */
  constructor(
    accessLog: false | AccessLogOptions,
    write: WriteLine,
    canonical: (path: string) => string = (path) => path,
    private readonly isSkipped: IsSkipped = () => false,
    private readonly recorder?: FlightRecorder,
    private readonly redaction: Redaction = DEFAULT_REDACTION,
  ) {
    this.repeatedCallsWarning = new RepeatedCallsWarning(write);
    this.line = accessLog === false ? undefined : recordWriter(accessLog, write, canonical);
    const { slowerThan = SLOW_MS, explainFrom = CLIENT_ERRORS, request = true } = accessLog || {};
    this.slowerThanMs = slowerThan;
    this.explainFrom = explainFrom;
    this.hasRequest = request;
  }

  /**
   * What the line of a trace has beside what every line has, if it is to explain itself: where it has
   * failed, was slower than `slowerThan`, or was refused with a status from `explainFrom` because
   * something was thrown. `undefined` for all others.
   *
   * @param request the request, if it is one.
   */
  explain(
    trace: Trace,
    outcome: Outcome,
    status: number | undefined,
    request?: IncomingMessage,
  ): Explanation | undefined {
    const hasFailed = outcome === 'errored';
    // Most requests end here.
    if (!hasFailed && trace.thrown === undefined && trace.elapsedMs <= this.slowerThanMs) {
      return undefined;
    }
    const thrown = thrownIn(trace);
    const isRefused = thrown !== undefined && status !== undefined && status >= this.explainFrom;
    if (!hasFailed && !isRefused && trace.elapsedMs <= this.slowerThanMs) return undefined;
    const { work, handler } = trace.metadata;
    const isThrown = work?.error === undefined || thrown?.error === work.error;
    const cause = isThrown ? thrown : { error: work.error, before: undefined };
    const place = handler ?? work?.pattern ?? work?.job;
    return {
      ...(this.hasRequest &&
        request !== undefined &&
        explainedRequest(request, requestedUrl(request), this.redaction)),
      ...(cause !== undefined && explainedError({ isLate: false, ...cause }, place)),
    };
  }

  /** Writes a warning if there are too many equal queries. Call it in the context of the trace. */
  warnOfRepeatedCalls(trace: Trace): void {
    this.repeatedCallsWarning.writeFor(trace);
  }

  /** Whether a record is used at all. Check this before making one. */
  get isWanted(): boolean {
    return (
      this.line !== undefined ||
      this.recorder !== undefined ||
      tracingChannels.requestFinish.hasSubscribers
    );
  }

  /** Writes the line, in the context of the trace. */
  end(
    trace: Trace,
    ended: AccessLogRecord,
    message: string,
    request?: IncomingMessage,
    response?: ServerResponse,
  ): void {
    const dropped = this.recorder?.end(trace, ended) ?? 0;
    const record = dropped > 0 ? { ...ended, dropped_entries: dropped } : ended;
    if (this.line !== undefined && !this.isLeftOut(trace, record)) {
      this.line(record, message, request, response);
    }
    const { requestFinish } = tracingChannels;
    if (requestFinish.hasSubscribers) requestFinish.publish({ trace, record });
  }

  private isLeftOut({ metadata }: Trace, { handler }: AccessLogRecord): boolean {
    if (handler === undefined || !this.isSkipped(handler)) return false;
    return metadata.otherHandlers?.every(this.isSkipped) ?? true;
  }
}

function recordWriter(
  { exclude, level, fields, message }: AccessLogOptions,
  write: WriteLine,
  canonical: (path: string) => string,
): WriteRecord {
  const isExcluded = guarded('accessLog.exclude', exclude && exclusion(exclude, canonical));
  const levelOf = guarded('accessLog.level', level && callbackOf(level));
  const messageOf = guarded('accessLog.message', message && callbackOf(message));
  const fieldsOf = guarded('accessLog.fields', fields && fieldPicker(fields));
  return (record, usual, request, response) => {
    if (isExcluded?.(record) === true) return;
    write(
      levelOf?.(record) ?? levelFor(record),
      messageOf?.(record) ?? usual,
      fieldsOf?.(record, request, response) ?? record,
    );
  };
}

/** Guards a callback; `undefined` where there is none, so that it costs no call. */
function guarded<A extends unknown[], R>(
  name: string,
  callback: ((...args: A) => R) | undefined | '',
): ((...args: A) => R | undefined) | undefined {
  return callback ? guardCallback(name, callback) : undefined;
}

function callbackOf<A, R>(value: R | ((argument: A) => R)): (argument: A) => R {
  return typeof value === 'function' ? (value as (argument: A) => R) : () => value;
}

function fieldPicker(
  fields: NonNullable<AccessLogOptions['fields']>,
): (record: AccessLogRecord, request?: IncomingMessage, response?: ServerResponse) => object {
  if (typeof fields === 'function') return fields;
  return (record) => Object.fromEntries(fields.map((name) => [name, record[name]]));
}

function levelFor(record: AccessLogRecord): string {
  const { status_code: status = 0, outcome, graphql_errors: errors } = record;
  if (outcome === 'errored') return 'error';
  // The errors of an operation that has not failed are the client's mistakes.
  return status < 400 && errors === undefined ? 'info' : 'warn';
}
