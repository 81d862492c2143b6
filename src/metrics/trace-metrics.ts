import type { Gauge, Histogram, Registry } from 'prom-client';
import { errorTypeOf, type AccessLogRecord } from '../records/access-log-record.js';
import type { RequestRecord } from '../records/request-record.js';
import { ActiveCount } from './active-count.js';
import { boundedLabel, methodLabel } from './bounded-labels.js';
import { hasExemplars, promClient } from './prom-client.js';

/**
 * Histogram buckets in seconds, as OpenTelemetry recommends.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
 */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The `http_route` of requests that matched no route. */
const UNMATCHED = '_unmatched';

interface Duration<L extends string> {
  /** Adds a duration, with the trace id as its exemplar, so that its log can be found. */
  observe(labels: Record<L, string>, milliseconds: number, trace: RequestRecord): void;
}

/**
 * The metrics of requests, messages, jobs and runs. Label values are names from the application's
 * code, such as routes, patterns and queues; never an id, a path or a host, whose cardinality is
 * unlimited.
 */
export class TraceMetrics {
  private readonly requests: Duration<
    'http_request_method' | 'http_route' | 'http_response_status_code' | 'error_type'
  >;
  private readonly activeRequests: ActiveCount;
  private readonly messages: Duration<
    'messaging_system' | 'messaging_destination_name' | 'error_type'
  >;
  private readonly activeMessages: ActiveCount;
  private readonly runs: Duration<'trigger' | 'job' | 'error_type'>;
  private readonly activeRuns: ActiveCount;
  private readonly route = boundedLabel();
  private readonly destination = boundedLabel();
  private readonly job = boundedLabel();

  constructor(registry: Registry) {
    this.requests = duration(registry, {
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP server requests.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code', 'error_type'],
    });
    this.activeRequests = active(registry, {
      name: 'http_server_active_requests',
      help: 'Number of HTTP server requests in flight.',
      labelNames: ['http_request_method'],
    });
    this.messages = duration(registry, {
      name: 'messaging_process_duration_seconds',
      help: 'Duration of the processing of messages and jobs.',
      labelNames: ['messaging_system', 'messaging_destination_name', 'error_type'],
    });
    this.activeMessages = active(registry, {
      name: 'messaging_active_messages',
      help: 'Number of messages and jobs in processing.',
      labelNames: ['messaging_system'],
    });
    this.runs = duration(registry, {
      name: 'scheduled_run_duration_seconds',
      help: 'Duration of scheduled and manual runs.',
      labelNames: ['trigger', 'job', 'error_type'],
    });
    this.activeRuns = active(registry, {
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
        trigger: transport,
        job: this.job(record.job ?? ''),
        error_type: errorTypeOf(record) ?? '',
      };
      this.runs.observe(labels, record.duration_ms, trace);
    } else {
      const destination = record.queue ?? record.pattern ?? record.mcp_method ?? '';
      const labels = {
        messaging_system: transport,
        messaging_destination_name: this.destination(destination),
        error_type: errorTypeOf(record) ?? '',
      };
      this.messages.observe(labels, record.duration_ms, trace);
    }
  }

  private requestLabels(record: AccessLogRecord) {
    return {
      http_request_method: methodLabel(record.method),
      http_route: record.route === undefined ? UNMATCHED : this.route(record.route),
      http_response_status_code: String(record.status_code ?? ''),
      error_type: errorTypeOf(record) ?? '',
    };
  }

  private addActive(
    { kind, metadata: { transport, method } }: RequestRecord,
    difference: 1 | -1,
  ): void {
    if (kind === 'request') return this.activeRequests.add(methodLabel(method), difference);
    const active = kind === 'run' ? this.activeRuns : this.activeMessages;
    return active.add(transport, difference);
  }
}

interface MetricConfig<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: L[];
}

/** The histogram of this name. Several applications of a process share one. */
function duration<L extends string>(registry: Registry, config: MetricConfig<L>): Duration<L> {
  let histogram = registry.getSingleMetric(config.name) as Histogram | undefined;
  if (histogram === undefined) {
    // Registered afterwards: the constructor rejects exemplars if the registry writes plain text.
    histogram = new promClient.Histogram({
      ...config,
      buckets: BUCKETS,
      ...(hasExemplars && { enableExemplars: true }),
      registers: [],
    });
    registry.registerMetric(histogram);
  }
  const target = histogram;
  if (!hasExemplars) {
    return { observe: (labels, milliseconds) => target.observe(labels, milliseconds / 1000) };
  }
  return {
    observe: (labels, milliseconds, { w3cTraceId }) =>
      target.observe({
        labels,
        value: milliseconds / 1000,
        exemplarLabels: { trace_id: w3cTraceId },
      }),
  };
}

function active<L extends string>(registry: Registry, config: MetricConfig<L>): ActiveCount {
  const known = registry.getSingleMetric(config.name) as Gauge | undefined;
  return new ActiveCount(known ?? new promClient.Gauge({ ...config, registers: [registry] }));
}
