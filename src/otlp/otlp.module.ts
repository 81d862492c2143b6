import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';
import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { hasSdk } from '../context/open-telemetry.js';
import type { LogRecord, RequestFinishEvent, SpanFinishEvent } from '../records/channels.js';
import { REQUIRES_W3C_IDS, TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import type { RequestRecord } from '../records/request-record.js';
import type { Trace } from '../trace/trace.js';
import type { ExportQueue } from './export-queue.js';
import { ExportedLog } from './exported-log.js';
import { spanOfRecord, spanOfTrace } from './exported-span.js';
import { openLogQueue, openSpanQueue } from './exporters.js';
import { isDisabled, isExported } from './otlp-environment.js';
import { checkOtlpOptions, type OtlpModuleOptions } from './otlp-options.js';
import { serviceResource } from './service-resource.js';

const OTLP_OPTIONS = Symbol('nestjs-tracing.otlp-options');
const QUEUES = Symbol('nestjs-tracing.otlp-queues');

const FINISH = 'nestjs-tracing:request:finish';
const SPAN = 'nestjs-tracing:span:finish';
const LOG = 'nestjs-tracing:log';

/** Who sends what whereto: a module that is imported twice sends once. */
const senders = new WeakMap<TracePolicy, Set<string>>();

const SHUTDOWN_TIMEOUT_MS = 5000;
/** Turns of the event loop in which connections that were cut write their finish lines. */
const SETTLE_TURNS = 12;

interface Queues {
  readonly traces: ExportQueue<ReadableSpan> | undefined;
  readonly logs: ExportQueue<ReadableLogRecord> | undefined;
}

/**
 * Sends spans and log entries to a collector that speaks OTLP over HTTP: OpenTelemetry's own, or
 * Tempo, Jaeger, Loki, a vendor. The trace ids of the application are then W3C ids. A collector
 * that is slow, down or wrong never slows or fails a request: what does not fit is counted and
 * dropped.
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
@Module({})
export class OtlpModule implements OnModuleInit, OnApplicationShutdown {
  /** Read where the ids of the application are settled. */
  static readonly [REQUIRES_W3C_IDS] = true;

  private readonly resource: Resource;

  constructor(
    @Inject(OTLP_OPTIONS) private readonly options: OtlpModuleOptions,
    @Inject(QUEUES) private readonly queues: Queues,
    @Inject(TRACING_OPTIONS) private readonly tracing: ResolvedTracingOptions,
  ) {
    this.resource = serviceResource(tracing.service, options);
  }

  static forRoot(options: OtlpModuleOptions = {}): DynamicModule {
    checkOtlpOptions(options);
    return {
      module: OtlpModule,
      providers: [
        { provide: OTLP_OPTIONS, useValue: options },
        { provide: QUEUES, useFactory: () => openQueues(options) },
      ],
    };
  }

  /** @internal */
  onModuleInit(): void {
    if (!this.isFirst()) return;
    if (this.queues.traces !== undefined) {
      subscribe(FINISH, this.onFinish);
      subscribe(SPAN, this.onSpan);
    }
    if (this.queues.logs !== undefined) subscribe(LOG, this.onLog);
  }

  /** @internal */
  async onApplicationShutdown(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) await setImmediate();
    unsubscribe(FINISH, this.onFinish);
    unsubscribe(SPAN, this.onSpan);
    unsubscribe(LOG, this.onLog);
    const { traces, logs } = this.queues;
    const { shutdownTimeout = SHUTDOWN_TIMEOUT_MS } = this.options;
    await Promise.all([traces?.close(shutdownTimeout), logs?.close(shutdownTimeout)]);
  }

  private isFirst(): boolean {
    const { policy } = this.tracing;
    const known = senders.get(policy) ?? new Set();
    const own = JSON.stringify(this.options);
    if (known.has(own)) return false;
    senders.set(policy, known.add(own));
    return true;
  }

  private readonly onFinish = (message: unknown): void => {
    const { trace, record } = message as RequestFinishEvent;
    if (this.isSent(trace)) this.queues.traces?.push(spanOfTrace(trace, record, this.resource));
  };

  private readonly onSpan = (message: unknown): void => {
    const { trace, span } = message as SpanFinishEvent;
    if (this.isSent(trace)) this.queues.traces?.push(spanOfRecord(trace, span, this.resource));
  };

  private readonly onLog = (message: unknown): void => {
    const event = message as LogRecord;
    if (event.trace !== undefined && !this.isOwn(event.trace)) return;
    this.queues.logs?.push(new ExportedLog(event, this.resource));
  };

  /** A caller that does not sample its trace wants none of it. */
  private isSent(trace: RequestRecord): boolean {
    return (trace.origin.flags & 1) === 1 && this.isOwn(trace);
  }

  /** The channels are those of the process, in which there may be other applications. */
  private isOwn(trace: RequestRecord): boolean {
    return (trace as Trace).policy === this.tracing.policy;
  }
}

async function openQueues(options: OtlpModuleOptions): Promise<Queues> {
  if (isDisabled()) return { traces: undefined, logs: undefined };
  // Where an SDK is registered it makes the spans, and sends them itself.
  const { traces = isExported('TRACES') && !hasSdk(), logs = isExported('LOGS') } = options;
  return {
    traces: traces ? await openSpanQueue(options) : undefined,
    logs: logs ? await openLogQueue(options) : undefined,
  };
}
