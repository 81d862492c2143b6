import type { ViewLine, ViewRecord, ViewRequest, ViewSpan } from '../../viewer/view-records.js';
import type { UnitOfWorkKind } from '../../records/access-log-record.js';
import type { Step } from '../../records/fields.js';
import { toW3cTraceId } from '../../trace/ids.js';
import { errorText } from './entry-error.js';
import { factsOf, idOf, startOf } from './group-facts.js';
import type { LogLine } from './log-line.js';
import type { RequestFacts } from './request-facts.js';
import type { RequestGroup } from './request-groups.js';

const NO_SERVICE = 'log';
const WORK_END = /^(Message|Job|Run) finished$/;
const RUN_TRANSPORTS = new Set(['cron', 'interval', 'timeout', 'manual']);

/** Tells requests and lines of a log as the page takes them. */
export class ViewRecords {
  private spans = 0;

  /** @param isShown Which lines of a request are told. */
  constructor(private readonly isShown: (line: LogLine) => boolean) {}

  /** A request, unless it was told before and has not ended since, and behind it its lines. */
  ofGroup(group: RequestGroup): ViewRecord[] {
    const { lines, finish, isContinued } = group;
    const all = finish === undefined ? lines : [...lines, finish];
    const request = this.requestOf(group);
    const records = all.filter(this.isShown).map((line) => lineRecord(line, request));
    return isContinued && finish === undefined ? records : [request, ...records];
  }

  /** A line of no request. */
  ofLine(line: LogLine): ViewLine {
    return lineRecord(line, undefined);
  }

  private requestOf(group: RequestGroup): ViewRequest {
    const facts = factsOf(group);
    const key = `log:${group.id}`;
    const requestId = idOf(group, 'request');
    const traceId = idOf(group, 'trace') ?? requestId ?? key;
    const w3cTraceId = toW3cTraceId(traceId);
    const service = idOf(group, 'service') ?? NO_SERVICE;
    const spanId = idOf(group, 'span') ?? this.nextSpanId();
    const startedAt = startOf(group) ?? 0;
    const { steps, duration_ms: durationMs, handler_ms: handlerMs } = facts;
    const {
      status_code: status,
      parent_span_id: parentSpanId,
      dropped_steps: droppedSpans,
    } = facts;
    const { transport, method, path, route, handler, outcome } = facts;
    return {
      type: 'request',
      key,
      service,
      kind: kindOf(facts, group.finish),
      traceId,
      w3cTraceId,
      requestId,
      sessionId: idOf(group, 'session'),
      spanId,
      ...{ parentSpanId, startedAt, method, path, route, handler, transport, status, outcome },
      ...{ durationMs, handlerMs, droppedSpans },
      ...workFields(facts),
      spans: steps?.length
        ? this.spansOf(steps, { service, w3cTraceId, spanId, startedAt })
        : undefined,
    };
  }

  /** Steps say how deep they are, not whose: that is the last one before them that is less deep. */
  private spansOf(
    steps: readonly Step[],
    request: Pick<ViewRequest, 'service' | 'w3cTraceId' | 'spanId' | 'startedAt'>,
  ): ViewSpan[] {
    const parents: string[] = [];
    return steps.map((step) => {
      const depth = Math.min(Math.max(Number(step.depth) || 0, 0), parents.length);
      const parentSpanId = parents[depth - 1] ?? request.spanId;
      const isSum = step.count !== undefined;
      const spanId = isSum ? undefined : this.nextSpanId();
      if (spanId !== undefined) parents.splice(depth, parents.length, spanId);
      return {
        type: 'span',
        service: request.service,
        w3cTraceId: request.w3cTraceId,
        spanId,
        parentSpanId,
        name: step.name,
        kind: 'internal',
        startedAt: request.startedAt + step.start_ms,
        durationMs: step.duration_ms,
        failed: step.failed,
        count: step.count,
      };
    });
  }

  /** A log does not say the ids of steps: any will do that no other has. */
  private nextSpanId(): string {
    return (++this.spans).toString(16).padStart(16, '0');
  }
}

function lineRecord(line: LogLine, request: ViewRequest | undefined): ViewLine {
  const { level, message, context, fields, error, trace } = line;
  return {
    type: 'line',
    key: request?.key,
    service: line.service ?? request?.service ?? NO_SERVICE,
    time: line.time ?? request?.startedAt ?? 0,
    level,
    message,
    traceId: trace,
    w3cTraceId: request?.w3cTraceId ?? (trace === undefined ? undefined : toW3cTraceId(trace)),
    requestId: line.request,
    sessionId: line.session,
    spanId: line.span,
    context,
    fields: fields === undefined ? undefined : Object.fromEntries(fields),
    error: error === undefined ? undefined : errorText(error),
  };
}

function workFields(facts: RequestFacts) {
  const { pattern, queue, job, attempt, mcp_method, mcp_tool } = facts;
  const { graphql_operation, graphql_errors } = facts;
  return { pattern, queue, job, attempt, mcp_method, mcp_tool, graphql_operation, graphql_errors };
}

function kindOf(facts: RequestFacts, finish: LogLine | undefined): 'request' | UnitOfWorkKind {
  const word = WORK_END.exec(finish?.message ?? '')?.[1];
  if (word !== undefined) return word.toLowerCase() as UnitOfWorkKind;
  if (facts.transport === undefined || facts.method !== undefined) return 'request';
  if (facts.queue !== undefined) return 'job';
  return RUN_TRANSPORTS.has(facts.transport) ? 'run' : 'message';
}
