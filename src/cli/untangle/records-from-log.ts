import { shownText } from '../../viewer/shown-text.js';
import { shownValue } from '../../viewer/shown-values.js';
import type { ViewLine, ViewRecord, ViewRequest, ViewSpan } from '../../viewer/view-records.js';
import type { UnitOfWorkKind } from '../../records/access-log-record.js';
import { shownQuery, shownUserAgent } from '../../records/explained-request.js';
import { queryText } from '../../records/query-text.js';
import { DEFAULT_REDACTION } from '../../records/redaction.js';
import type { Step } from '../../records/step.js';
import { toW3cTraceId } from '../../trace/ids.js';
import { lineErrorText } from './line-error.js';
import { requestFieldsOf, idOf, startOf } from './group-summary.js';
import type { LogLine } from './log-line.js';
import type { RequestFields } from './request-fields.js';
import type { RequestGroup } from './request-groups.js';

const NO_SERVICE = 'log';
const WORK_END = /^(Message|Job|Run) finished$/;
const RUN_TRANSPORTS = new Set(['cron', 'interval', 'timeout', 'manual']);

/**
 * Converts the requests and lines of a log to the records of the trace viewer, which hides in them
 * what it hides in its own.
 */
export class LogRecordConverter {
  private spans = 0;

  /** @param isShown which lines of a request are included. */
  constructor(private readonly isShown: (line: LogLine) => boolean) {}

  /** A request and its lines; only the lines if it was included before and has not ended since. */
  ofGroup(group: RequestGroup): ViewRecord[] {
    const { lines, accessLogLine, isContinued } = group;
    const all = accessLogLine === undefined ? lines : [...lines, accessLogLine];
    const request = this.requestOf(group);
    const records = all.filter(this.isShown).map((line) => lineRecord(line, request));
    return isContinued && accessLogLine === undefined ? records : [request, ...records];
  }

  /** A line of no request. */
  ofLine(line: LogLine): ViewLine {
    return lineRecord(line, undefined);
  }

  private requestOf(group: RequestGroup): ViewRequest {
    const requestFields = requestFieldsOf(group);
    const key = `log:${group.id}`;
    const requestId = idOf(group, 'request');
    const traceId = idOf(group, 'trace') ?? requestId ?? key;
    const w3cTraceId = toW3cTraceId(traceId);
    const service = idOf(group, 'service') ?? NO_SERVICE;
    const spanId = idOf(group, 'span') ?? this.nextSpanId();
    const startedAt = startOf(group) ?? 0;
    const error = group.accessLogLine?.error;
    const {
      steps,
      parent_span_id: parentSpanId,
      dropped_steps: droppedSpans,
      error: _error,
      ...fields
    } = requestFields;
    return {
      type: 'request',
      key,
      service,
      kind: kindOf(requestFields, group.accessLogLine),
      traceId,
      w3cTraceId,
      requestId,
      sessionId: idOf(group, 'session'),
      spanId,
      parentSpanId,
      startedAt,
      droppedSpans,
      ...fields,
      query: shownAgain(fields.query),
      user_agent: shownUserAgent(fields.user_agent),
      error: error && shownText(lineErrorText(error)),
      spans: steps?.length
        ? this.spansOf(steps, { service, w3cTraceId, spanId, startedAt })
        : undefined,
    };
  }

  /** A step has a depth and no parent: that is the nearest step before it that is less deep. */
  private spansOf(
    steps: readonly Step[],
    request: Pick<ViewRequest, 'service' | 'w3cTraceId' | 'spanId' | 'startedAt'>,
  ): ViewSpan[] {
    const around: { readonly depth: number; readonly spanId: string }[] = [];
    return steps.map((step) => {
      const depth = Number(step.depth) || 0;
      while (around.length > 0 && around.at(-1)!.depth >= depth) around.pop();
      const parentSpanId = around.at(-1)?.spanId ?? request.spanId;
      const isSum = step.count !== undefined;
      const spanId = isSum ? undefined : this.nextSpanId();
      if (spanId !== undefined) around.push({ depth, spanId });
      return {
        type: 'span',
        service: request.service,
        w3cTraceId: request.w3cTraceId,
        spanId,
        parentSpanId,
        name: shownText(step.name),
        kind: 'internal',
        startedAt: request.startedAt + step.start_ms,
        duration_ms: step.duration_ms,
        failed: step.failed,
        count: step.count,
        attributes: statusAttribute(step.status),
        error: typeof step.error === 'string' ? shownText(step.error) : undefined,
      };
    });
  }

  /** Steps have no ids in a log: each gets one that no other has. */
  private nextSpanId(): string {
    return (++this.spans).toString(16).padStart(16, '0');
  }
}

/** The parameters of a line that may be another logger's, which masks nothing. */
function shownAgain(query: RequestFields['query']): RequestFields['query'] {
  return query && shownQuery(`?${queryText(query)}`, DEFAULT_REDACTION);
}

/** The lowest status of HTTP: those of gRPC are below. */
const FIRST_HTTP_STATUS = 100;

function statusAttribute(status: unknown): ViewSpan['attributes'] {
  if (typeof status !== 'number') return undefined;
  const isHttp = status >= FIRST_HTTP_STATUS;
  return { [isHttp ? 'http.response.status_code' : 'rpc.grpc.status_code']: status };
}

function lineRecord(line: LogLine, request: ViewRequest | undefined): ViewLine {
  const { level, message, context, fields, error, trace } = line;
  return {
    type: 'line',
    key: request?.key,
    service: line.service ?? request?.service ?? NO_SERVICE,
    time: line.time ?? request?.startedAt ?? 0,
    level,
    message: shownText(message),
    traceId: trace,
    w3cTraceId: request?.w3cTraceId ?? (trace === undefined ? undefined : toW3cTraceId(trace)),
    requestId: line.request,
    sessionId: line.session,
    spanId: line.span,
    context,
    fields: fields && shownFields(fields),
    error: error === undefined ? undefined : shownText(lineErrorText(error)),
  };
}

function shownFields(fields: NonNullable<LogLine['fields']>): ViewLine['fields'] {
  const shown: [string, unknown][] = [];
  for (const [name, value] of fields) {
    const plain = shownValue(name, value);
    if (plain !== undefined) shown.push([name, plain]);
  }
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}

function kindOf(
  requestFields: RequestFields,
  accessLogLine: LogLine | undefined,
): 'request' | UnitOfWorkKind {
  const word = WORK_END.exec(accessLogLine?.message ?? '')?.[1];
  if (word !== undefined) return word.toLowerCase() as UnitOfWorkKind;
  if (requestFields.transport === undefined || requestFields.method !== undefined) return 'request';
  if (requestFields.queue !== undefined) return 'job';
  return RUN_TRANSPORTS.has(requestFields.transport) ? 'run' : 'message';
}
