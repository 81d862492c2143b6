import {
  Inject,
  Module,
  Optional,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { checkForRoot, optionsOfBareModule, requireTracing } from '../options/check-import.js';
import { hasSdk } from '../options/sdk-detection.js';
import { APPLICATION, settled, type Application } from '../records/application.js';
import { subscribeConsumer, type ApplicationSubscription } from '../records/subscribe.js';
import { warnOnce } from '../records/warnings.js';
import { REQUIRES_W3C_IDS, TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { DEFAULT_REDACTION } from '../records/redaction.js';
import type { RequestRecord } from '../records/request-record.js';
import type { ExportQueue } from './export-queue.js';
import { ExportedLog } from './exported-log.js';
import { spanOfRecord, spanOfTrace } from './exported-span.js';
import { loadExporters, openLogQueue, openSpanQueue } from './open-exporters.js';
import { canExport } from './open-telemetry.js';
import { isDisabled, isExported } from './otlp-environment.js';
import { checkOtlpOptions, type OtlpModuleOptions } from './otlp-options.js';
import { serviceResource } from './service-resource.js';

const OTLP_OPTIONS = Symbol('nestjs-tracing.otlp-options');
const QUEUES = Symbol('nestjs-tracing.otlp-queues');

/**
 * The options with which each application exports already, so that a module that is imported twice
 * exports once.
 */
const senders = new WeakMap<Application, Set<string>>();

const SHUTDOWN_TIMEOUT_MS = 5000;

interface Queues {
  readonly traces: ExportQueue<ReadableSpan> | undefined;
  readonly logs: ExportQueue<ExportedLog> | undefined;
}

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

  /** @internal */
  constructor(
    @Inject(OTLP_OPTIONS) private readonly options: OtlpModuleOptions,
    @Inject(QUEUES) private readonly queues: Queues,
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
      providers: [
        { provide: OTLP_OPTIONS, useValue: options },
        { provide: QUEUES, useFactory: () => openQueues(options) },
      ],
    };
  }

  /** Called by NestJS. */
  onModuleInit(): void {
    if (!this.isFirst()) return;
    const { traces, logs } = this.queues;
    if (traces === undefined && logs === undefined) return;
    traces?.open();
    logs?.open();
    const redaction = this.tracing?.lineLimits?.redaction ?? DEFAULT_REDACTION;
    const resource: Resource = serviceResource(this.application.service, this.options);
    this.subscription = subscribeConsumer(this.application, {
      ...(traces !== undefined && {
        onRequest: (request, line) => {
          if (isSampled(request)) traces.push(spanOfTrace(request, line, resource, redaction));
        },
        onSpan: (span, request) => {
          if (isSampled(request)) traces.push(spanOfRecord(request, span, resource, redaction));
        },
      }),
      ...(logs !== undefined && {
        onLog: (entry) => logs.push(new ExportedLog(entry, resource, redaction)),
      }),
    });
  }

  /** Called by NestJS. */
  async onApplicationShutdown(): Promise<void> {
    await settled(this.application);
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
    const own = JSON.stringify(this.options);
    if (known.has(own)) return false;
    senders.set(this.application, known.add(own));
    return true;
  }
}

/** Whether the trace is sampled. If the caller does not sample it, none of its spans are exported. */
function isSampled({ origin }: RequestRecord): boolean {
  return (origin.flags & 1) === 1;
}

async function openQueues(options: OtlpModuleOptions): Promise<Queues> {
  if (!canExport() || isDisabled()) return { traces: undefined, logs: undefined };
  // A registered OpenTelemetry SDK creates the spans and exports them itself.
  const { traces = isExported('TRACES') && !hasSdk(), logs = isExported('LOGS') } = options;
  await loadExporters(options, { traces, logs });
  return {
    traces: traces ? await openSpanQueue(options) : undefined,
    logs: logs ? await openLogQueue(options) : undefined,
  };
}
