import {
  Inject,
  Module,
  Optional,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Resource } from '@opentelemetry/resources';
import { checkForRoot, optionsOfBareModule, requireTracing } from '../options/check-import.js';
import { guardCallback } from '../options/guard-callback.js';
import { hasSdk } from '../options/sdk-detection.js';
import type { AccessLogRecord } from '../records/access-log-record.js';
import { APPLICATION, settled, type Application } from '../records/application.js';
import { subscribeConsumer, type ApplicationSubscription } from '../records/subscribe.js';
import { warnOnce } from '../records/warnings.js';
import { REQUIRES_W3C_IDS, TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { DEFAULT_REDACTION } from '../records/redaction.js';
import type { RequestRecord } from '../records/request-record.js';
import { ExportedLog } from './exported-log.js';
import { spanOfRecord, spanOfTrace } from './exported-span.js';
import { loadExporters, openLogQueue, openSpanQueue } from './open-exporters.js';
import { canExport } from './open-telemetry.js';
import { isDisabled, isExported } from './otlp-environment.js';
import { OtlpHealthIndicator, watchQueue } from './otlp-health.indicator.js';
import { checkOtlpOptions, type OtlpModuleOptions } from './otlp-options.js';
import { TraceSelection, type ExportQueues } from './trace-selection.js';
import { serviceResource } from './service-resource.js';

const OTLP_OPTIONS = Symbol('nestjs-tracing.otlp-options');
const QUEUES = Symbol('nestjs-tracing.otlp-queues');

/**
 * The options with which each application exports already, so that a module that is imported twice
 * exports once.
 */
const senders = new WeakMap<Application, Set<string>>();

const SHUTDOWN_TIMEOUT_MS = 5000;
/** The default of `accessLog.slowerThan`. */
const SLOW_MS = 1000;

/**
 * Exports spans and log entries to a collector over OTLP/HTTP: the OpenTelemetry Collector, Tempo,
 * Jaeger, Loki or a vendor. With it, the trace ids of the application are always W3C trace ids. A
 * collector that is slow or unreachable never slows down or fails a request: what does not fit
 * into the queue is dropped and counted.
 *
 * @publicApi
 *
 * @example
 * \@Module({
 *   imports: [TracingModule.forRoot(), OtlpModule.forRoot({ url: 'http://collector:4318' })],
 * })
 * export class AppModule {}
 *
 * @see https://opentelemetry.io/docs/specs/otlp/
 */
@Module({
  providers: [
    optionsOfBareModule(OTLP_OPTIONS, 'OtlpModule'),
    optionsOfBareModule(QUEUES, 'OtlpModule'),
  ],
})
export class OtlpModule implements OnModuleInit, OnApplicationShutdown {
  /** Makes `TracingModule` use W3C trace ids in the application that imports this module. */
  static readonly [REQUIRES_W3C_IDS] = true;

  private readonly application: Application;
  private subscription: ApplicationSubscription | undefined;
  private selection: TraceSelection | undefined;

  /** @internal */
  constructor(
    @Inject(OTLP_OPTIONS) private readonly options: OtlpModuleOptions,
    @Inject(QUEUES) private readonly queues: ExportQueues,
    @Optional() @Inject(APPLICATION) application: Application | undefined,
    @Optional() @Inject(TRACING_OPTIONS) private readonly tracing?: ResolvedTracingOptions,
  ) {
    this.application = requireTracing(application, 'OtlpModule');
  }

  static forRoot(options: OtlpModuleOptions = {}): DynamicModule {
    checkForRoot('OtlpModule', options);
    checkOtlpOptions(options);
    return {
      module: OtlpModule,
      // A module for health checks has the indicator without importing this one.
      global: true,
      providers: [
        { provide: OTLP_OPTIONS, useValue: options },
        { provide: QUEUES, useFactory: () => openQueues(options) },
        OtlpHealthIndicator,
      ],
      exports: [OtlpHealthIndicator],
    };
  }

  /** Called by NestJS. */
  onModuleInit(): void {
    if (!this.isFirst()) return;
    const { traces, logs } = this.queues;
    if (traces === undefined && logs === undefined) return;
    traces?.open();
    logs?.open();
    watchQueue(this.application, traces);
    watchQueue(this.application, logs);
    const redaction = this.tracing?.lineLimits?.redaction ?? DEFAULT_REDACTION;
    const resource: Resource = serviceResource(this.application.service, this.options);
    // One that is registered while the application runs exports its spans from then on.
    const isOurs = this.options.traces === undefined ? isOwnSpan : isSampled;
    const isChosen = this.choice();
    if (isChosen === undefined) {
      this.subscription = subscribeConsumer(this.application, {
        ...(traces !== undefined && {
          onRequest: (request, line) => {
            if (isOurs(request)) traces.push(spanOfTrace(request, line, resource, redaction));
          },
          onSpan: (span, request) => {
            if (isOurs(request)) traces.push(spanOfRecord(request, span, resource, redaction));
          },
        }),
        ...(logs !== undefined && {
          onLog: (entry) => logs.push(new ExportedLog(entry, resource, redaction)),
        }),
      });
      return;
    }
    const selection = new TraceSelection(this.queues);
    this.selection = selection;
    this.subscription = subscribeConsumer(this.application, {
      onRequestStart: ({ w3cTraceId }) => selection.begin(w3cTraceId),
      onRequest: (request, line) => {
        const id = request.w3cTraceId;
        if (traces !== undefined && isOurs(request)) {
          selection.addSpan(id, spanOfTrace(request, line, resource, redaction));
        }
        selection.end(id, isChosen(line, request));
      },
      ...(traces !== undefined && {
        onSpan: (span, request) => {
          if (!isOurs(request)) return;
          selection.addSpan(request.w3cTraceId, spanOfRecord(request, span, resource, redaction));
        },
      }),
      ...(logs !== undefined && {
        onLog: (entry) => {
          const log = new ExportedLog(entry, resource, redaction);
          if (entry.trace === undefined) logs.push(log);
          else selection.addLog(entry.trace.w3cTraceId, log);
        },
      }),
    });
  }

  /** What chooses traces when a part of them ends; `undefined` where all of them are exported. */
  private choice(): ((line: AccessLogRecord, request: RequestRecord) => boolean) | undefined {
    const { keep = 'all' } = this.options;
    if (keep === 'all') return undefined;
    if (typeof keep === 'function') {
      const ask = guardCallback(
        'keep',
        (line: AccessLogRecord, request: RequestRecord): unknown => {
          return keep(line, request) ?? false;
        },
        'OtlpModule.forRoot',
      );
      // What throws has not said that the trace can go.
      return (line, request) => Boolean(ask(line, request) ?? true);
    }
    const { slowerThan = SLOW_MS } = this.tracing?.accessLog || {};
    return ({ outcome, duration_ms }, { isKept }) =>
      outcome !== 'completed' || duration_ms > slowerThan || isKept === true;
  }

  /** Called by NestJS. */
  async onApplicationShutdown(): Promise<void> {
    await settled(this.application);
    this.selection?.close();
    const { traces, logs } = this.queues;
    const { shutdownTimeout = SHUTDOWN_TIMEOUT_MS } = this.options;
    // The subscription goes on meanwhile: other modules may log while they shut down.
    const [spans = 0, entries = 0] = await Promise.all([
      traces?.close(shutdownTimeout),
      logs?.close(shutdownTimeout),
    ]);
    this.subscription?.unsubscribe();
    if (spans + entries === 0) return;
    warnOnce(
      'TRACING_EXPORT_INCOMPLETE',
      `${spans} spans and ${entries} log records were not delivered before the application closed ` +
        `(\`shutdownTimeout\` is ${shutdownTimeout} ms)`,
      undefined,
      this.application.service,
    );
  }

  private isFirst(): boolean {
    const known = senders.get(this.application) ?? new Set();
    const { keep, ...rest } = this.options;
    const own = JSON.stringify([rest, typeof keep === 'function' ? String(keep) : keep]);
    if (known.has(own)) return false;
    senders.set(this.application, known.add(own));
    return true;
  }
}

/** Whether the trace is sampled. If the caller does not sample it, none of its spans are exported. */
function isSampled({ origin }: RequestRecord): boolean {
  return (origin.flags & 1) === 1;
}

/** The same, where no OpenTelemetry SDK makes the spans and exports them itself. */
function isOwnSpan(request: RequestRecord): boolean {
  return isSampled(request) && !hasSdk();
}

async function openQueues(options: OtlpModuleOptions): Promise<ExportQueues> {
  if (!canExport() || isDisabled()) return { traces: undefined, logs: undefined };
  // A registered OpenTelemetry SDK creates the spans and exports them itself.
  const { traces = isExported('TRACES') && !hasSdk(), logs = isExported('LOGS') } = options;
  await loadExporters(options, { traces, logs });
  return {
    traces: traces ? await openSpanQueue(options) : undefined,
    logs: logs ? await openLogQueue(options) : undefined,
  };
}
