import type { Registry } from 'prom-client';
import { errorTypeOf, type AccessLogRecord } from '../records/access-log-record.js';
import type { RequestRecord } from '../records/request-record.js';
import { ActiveCount } from './active-count.js';
import { BoundedHistogram } from './bounded-histogram.js';
import { firstValues, methodLabel, statusLabel } from './bounded-labels.js';

/** The `http_route` of requests that matched no route. */
const UNMATCHED = '_unmatched';

/** The maximum number of transports, which the application's code names. */
const MAX_TRANSPORTS = 50;

/**
 * The metrics of requests, messages, jobs and runs. Label values are names from the application's
 * code, such as routes, patterns and queues; never an id, a path or a host, whose cardinality is
 * unlimited.
 */
export class TraceMetrics {
  private readonly requests: BoundedHistogram<
    'http_request_method' | 'http_route' | 'http_response_status_code' | 'error_type'
  >;
  private readonly activeRequests: ActiveCount;
  private readonly messages: BoundedHistogram<
    'messaging_system' | 'messaging_destination_name' | 'error_type'
  >;
  private readonly activeMessages: ActiveCount;
  private readonly runs: BoundedHistogram<'trigger' | 'job' | 'error_type'>;
  private readonly activeRuns: ActiveCount;
  private readonly transport = firstValues(MAX_TRANSPORTS);

  constructor(registry: Registry) {
    this.requests = BoundedHistogram.in(registry, {
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP server requests.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code', 'error_type'],
      bounded: 'http_route',
    });
    this.activeRequests = ActiveCount.in(registry, {
      name: 'http_server_active_requests',
      help: 'Number of HTTP server requests in flight.',
      labelNames: ['http_request_method'],
    });
    this.messages = BoundedHistogram.in(registry, {
      name: 'messaging_process_duration_seconds',
      help: 'Duration of the processing of messages and jobs.',
      labelNames: ['messaging_system', 'messaging_destination_name', 'error_type'],
      bounded: 'messaging_destination_name',
    });
    this.activeMessages = ActiveCount.in(registry, {
      name: 'messaging_active_messages',
      help: 'Number of messages and jobs in processing.',
      labelNames: ['messaging_system'],
    });
    this.runs = BoundedHistogram.in(registry, {
      name: 'scheduled_run_duration_seconds',
      help: 'Duration of scheduled and manual runs.',
      labelNames: ['trigger', 'job', 'error_type'],
      bounded: 'job',
    });
    this.activeRuns = ActiveCount.in(registry, {
      name: 'scheduled_active_runs',
      help: 'Number of scheduled and manual runs in progress.',
      labelNames: ['trigger'],
    });
  }

  /** Counts a request, message, job or run as active. */
  start(trace: RequestRecord): void {
    this.addActive(trace, 1);
  }

  /**
   * Takes back all that is counted as active: for the end of an application, whose last requests
   * may never end. No other call may follow it.
   */
  release(): void {
    for (const active of [this.activeRequests, this.activeMessages, this.activeRuns]) {
      active.release();
    }
  }

  /**
   * Records that it has ended.
   *
   * @param wasCounted whether {@link start} was called for it.
   */
  finish(trace: RequestRecord, record: AccessLogRecord, wasCounted: boolean): void {
    if (wasCounted) this.addActive(trace, -1);
    const { kind } = trace;
    const { transport } = trace.metadata;
    if (kind === 'request') {
      this.requests.observe(this.requestLabels(record), record.duration_ms, trace);
    } else if (kind === 'run') {
      const labels = {
        trigger: this.transport(transport),
        job: record.job ?? '',
        error_type: errorType(record),
      };
      this.runs.observe(labels, record.duration_ms, trace);
    } else {
      const destination = record.queue ?? record.pattern ?? record.mcp_method ?? '';
      const labels = {
        messaging_system: this.transport(transport),
        messaging_destination_name: destination,
        error_type: errorType(record),
      };
      this.messages.observe(labels, record.duration_ms, trace);
    }
  }

  private requestLabels(record: AccessLogRecord) {
    return {
      http_request_method: methodLabel(record.method),
      http_route: record.route ?? UNMATCHED,
      http_response_status_code: statusLabel(record.status_code),
      error_type: errorType(record),
    };
  }

  private addActive(
    { kind, metadata: { transport, method } }: RequestRecord,
    difference: 1 | -1,
  ): void {
    if (kind === 'request') return this.activeRequests.add(methodLabel(method), difference);
    const active = kind === 'run' ? this.activeRuns : this.activeMessages;
    return active.add(this.transport(transport), difference);
  }
}

/** The kind of error, with a status as the label of the status names it. */
function errorType(record: AccessLogRecord): string {
  const type = errorTypeOf(record);
  if (type === undefined) return '';
  return type === String(record.status_code) ? statusLabel(record.status_code) : type;
}
