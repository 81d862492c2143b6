import {
  Inject,
  Module,
  Optional,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Registry } from 'prom-client';
import { checkForRoot, optionsOfBareModule, requireTracing } from '../options/check-import.js';
import { checkBoolean, checkKeys, invalid, ownedBy } from '../options/check-value.js';
import { METRICS } from '../options/option-places.js';
import { APPLICATION, type Application } from '../records/application.js';
import { subscribeConsumer, type ApplicationSubscription } from '../records/subscribe.js';
import { warnOnce } from '../records/warnings.js';
import { noteOnce } from './once-per-application.js';
import { checkMetricsPath } from './metrics-path.js';
import { measureExports } from './otlp-exporter-metrics.js';
import { answerPrimary } from './cluster-metrics.js';
import { exposition } from './exposition.js';
import { ClientMetrics } from './client-metrics.js';
import { checkPromClient, promClient } from './prom-client.js';
import { TraceMetrics } from './trace-metrics.js';

/** Options of {@link TracingMetricsModule.forRoot}. */
export interface TracingMetricsOptions {
  /** Path of the metrics, without the global prefix; `false` serves none. Default: `/metrics`. */
  path?: string | false | undefined;
  /**
   * The registry of the metrics. Default: the global one of prom-client, which your own metrics use
   * too.
   */
  registry?: Registry | undefined;
  /** Whether to add metrics of the process: CPU, memory, event loop. Default: `false`. */
  defaultMetrics?: boolean | undefined;
  /**
   * Whether this process is a worker of a cluster whose primary serves the metrics with
   * `clusterMetrics`. In any other process it does nothing. Default: `false`.
   */
  cluster?: boolean | undefined;
}

const METRICS_OPTIONS = Symbol('nestjs-tracing.metrics-options');

interface IncomingHttp {
  readonly headers: { readonly accept?: string };
}

/**
 * Prometheus metrics of an application: the number of requests, messages, jobs and runs, their
 * durations, how they ended, and the durations of calls to databases and caches. Each histogram bucket has an exemplar with the trace id of its
 * last observation. Import it next to `TracingModule`; it needs `prom-client`.
 *
 * @publicApi
 *
 * @example
 * \@Module({ imports: [TracingModule.forRoot(), TracingMetricsModule.forRoot()] })
 * export class AppModule {}
 */
@Module({ providers: [optionsOfBareModule(METRICS_OPTIONS, 'TracingMetricsModule')] })
export class TracingMetricsModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  private readonly application: Application;
  private readonly registry: Registry;
  private readonly metrics: TraceMetrics;
  private readonly clientMetrics: ClientMetrics;
  private subscription: ApplicationSubscription | undefined;

  /** @internal */
  constructor(
    @Inject(METRICS_OPTIONS) private readonly options: TracingMetricsOptions,
    @Optional() @Inject(APPLICATION) application: Application | undefined,
    private readonly host: HttpAdapterHost,
  ) {
    this.application = requireTracing(application, 'TracingMetricsModule');
    this.registry = options.registry ?? promClient.register;
    this.metrics = new TraceMetrics(this.registry);
    this.clientMetrics = new ClientMetrics(this.registry);
    measureExports(this.registry);
    if (options.defaultMetrics === true) measureProcess(this.registry);
    if (options.cluster === true) answerPrimary(this.registry);
  }

  static forRoot(options: TracingMetricsOptions = {}): DynamicModule {
    checkForRoot('TracingMetricsModule', options);
    checkOptions(options);
    return {
      module: TracingMetricsModule,
      providers: [{ provide: METRICS_OPTIONS, useValue: options }],
    };
  }

  /** Called by NestJS. */
  configure(_consumer: MiddlewareConsumer): void {
    const { path = '/metrics' } = this.options;
    if (path === false) return;
    const adapter = this.host.httpAdapter;
    if (!noteOnce(this.registry, adapter, path)) return;
    adapter.get(path, async ({ headers }: IncomingHttp, response: object) => {
      const { contentType, body } = await exposition(this.registry, headers.accept);
      adapter.setHeader(response, 'Content-Type', contentType);
      adapter.reply(response, body, 200);
    });
  }

  /** Called by NestJS. */
  onModuleInit(): void {
    checkPromClient();
    this.warnIfNotServed();
    if (!noteOnce(this.registry, this.application, 'traces')) return;
    // Requests that began before the subscription were not counted as active.
    const countedFromMs = performance.now();
    this.subscription = subscribeConsumer(this.application, {
      onRequestStart: (request) => this.metrics.start(request),
      onRequest: (request, line) =>
        this.metrics.finish(request, line, request.startedMs >= countedFromMs),
      onSpan: (span, request) => this.clientMetrics.finish(span, request),
    });
  }

  /** An application context and a microservice have no HTTP server, and `configure` is not called. */
  private warnIfNotServed(): void {
    const adapter: unknown = this.host.httpAdapter;
    if (this.options.path === false || (adapter !== undefined && adapter !== null)) return;
    warnOnce(
      'TRACING_METRICS_WITHOUT_HTTP',
      'the application has no HTTP server, so its metrics are not served. If this is intended, set `TracingMetricsModule.forRoot({ path: false })`',
    );
  }

  /** Called by NestJS. */
  async onApplicationShutdown(): Promise<void> {
    await this.subscription?.settle();
    this.metrics.release();
  }
}

function checkOptions(options: TracingMetricsOptions): void {
  checkKeys(METRICS, options);
  const { path, registry, defaultMetrics, cluster } = options;
  if (path !== false) checkMetricsPath(METRICS.owner, path, ', or give `false` to serve none');
  ownedBy(METRICS.owner, () => {
    checkBoolean('defaultMetrics', defaultMetrics);
    checkBoolean('cluster', cluster);
    if (registry === undefined || typeof Object(registry).registerMetric === 'function') return;
    throw invalid('registry', registry, 'a `Registry` of prom-client');
  });
}

/**
 * Adds the metrics of the process once for each registry, because a second application in the
 * process would register them again.
 */
function measureProcess(registry: Registry): void {
  if (registry.getSingleMetric('process_cpu_seconds_total') !== undefined) return;
  promClient.collectDefaultMetrics({ register: registry });
}
