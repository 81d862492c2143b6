import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Inject,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { collectDefaultMetrics, register, type Registry } from 'prom-client';
import type { RequestFinishEvent, RequestStartEvent } from '../records/channels.js';
import { TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { TracingConfigError } from '../options/tracing-config.error.js';
import type { Trace } from '../trace/trace.js';
import { claim } from './once-per-application.js';
import { measureExports } from './export-metrics.js';
import { exposition } from './exposition.js';
import { TraceMetrics } from './trace-metrics.js';

/** What {@link TracingMetricsModule.forRoot} takes. */
export interface TracingMetricsOptions {
  /** Where the metrics are served, outside any global prefix; `false` for nowhere. Default: `/metrics`. */
  path?: string | false | undefined;
  /** Default: the global registry of prom-client, so that metrics of your own stand beside these. */
  registry?: Registry | undefined;
  /** Whether the process itself is measured: CPU, memory, event loop. Default: `false`. */
  defaultMetrics?: boolean | undefined;
}

const METRICS_OPTIONS = Symbol('nestjs-tracing.metrics-options');
const START = 'nestjs-tracing:request:start';
const FINISH = 'nestjs-tracing:request:finish';

interface HttpAdapter {
  get(path: string, handler: (request: IncomingHttp, response: object) => unknown): unknown;
  setHeader(response: object, name: string, value: string): unknown;
  reply(response: object, body: string, status: number): unknown;
}

interface IncomingHttp {
  readonly headers: { readonly accept?: string };
}

/**
 * Metrics of an application for Prometheus: how many requests, messages, jobs and runs, how long
 * each took, and how they ended. Each bucket names the trace of its last example. Import it beside
 * `TracingModule`; it needs `prom-client`.
 *
 * @publicApi
 *
 * @example
 * \@Module({ imports: [TracingModule.forRoot(), TracingMetricsModule.forRoot()] })
 * export class AppModule {}
 */
@Module({})
export class TracingMetricsModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  private readonly registry: Registry;
  private readonly metrics: TraceMetrics;
  /** Monotonic milliseconds; what began before was not counted. */
  private countedFromMs = Number.POSITIVE_INFINITY;

  constructor(
    @Inject(METRICS_OPTIONS) private readonly options: TracingMetricsOptions,
    @Inject(TRACING_OPTIONS) private readonly tracing: ResolvedTracingOptions,
    private readonly host: HttpAdapterHost,
  ) {
    this.registry = options.registry ?? register;
    this.metrics = new TraceMetrics(this.registry);
    measureExports(this.registry);
    if (options.defaultMetrics === true) measureProcess(this.registry);
  }

  static forRoot(options: TracingMetricsOptions = {}): DynamicModule {
    checkPath(options.path);
    return {
      module: TracingMetricsModule,
      providers: [{ provide: METRICS_OPTIONS, useValue: options }],
    };
  }

  /** @internal */
  configure(_consumer: MiddlewareConsumer): void {
    const { path = '/metrics' } = this.options;
    if (path === false) return;
    const adapter = this.host.httpAdapter as unknown as HttpAdapter;
    if (!claim(this.registry, adapter, path)) return;
    adapter.get(path, async ({ headers }, response) => {
      const { contentType, body } = await exposition(this.registry, headers.accept);
      adapter.setHeader(response, 'Content-Type', contentType);
      adapter.reply(response, body, 200);
    });
  }

  /** @internal */
  onModuleInit(): void {
    if (!claim(this.registry, this.tracing.policy, 'traces')) return;
    this.countedFromMs = performance.now();
    subscribe(START, this.onStart);
    subscribe(FINISH, this.onFinish);
  }

  /** @internal */
  onApplicationShutdown(): void {
    unsubscribe(START, this.onStart);
    unsubscribe(FINISH, this.onFinish);
  }

  private readonly onStart = (message: unknown): void => {
    const { trace } = message as RequestStartEvent;
    if (this.isOwn(trace as Trace)) this.metrics.start(trace);
  };

  private readonly onFinish = (message: unknown): void => {
    const { trace, record } = message as RequestFinishEvent;
    if (!this.isOwn(trace as Trace)) return;
    this.metrics.finish(trace, record, trace.startedMs >= this.countedFromMs);
  };

  /** The channels are those of the process, in which there may be other applications. */
  private isOwn({ policy }: Trace): boolean {
    return policy === this.tracing.policy;
  }
}

function checkPath(path: unknown): void {
  if (path === undefined || path === false) return;
  if (typeof path === 'string' && path.startsWith('/')) return;
  throw new TracingConfigError(
    'INVALID_METRICS_PATH',
    '`path` of the metrics is not a path.',
    "begin it with a slash, as in `path: '/metrics'`, or give `false` to serve none.",
  );
}

/** Once for a registry: a second application of the process would register them again. */
function measureProcess(registry: Registry): void {
  if (registry.getSingleMetric('process_cpu_seconds_total') !== undefined) return;
  collectDefaultMetrics({ register: registry });
}
