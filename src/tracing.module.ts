import {
  Inject,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type BeforeApplicationShutdown,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ClsModule } from 'nestjs-cls';
import type { Logger } from 'winston';
import { RUN_SPAN, type RunSpan } from './context/run-span.token.js';
import { TraceContext } from './context/trace-context.js';
import { TRACED_APPLICATION, type TracedApplication } from './context/traced-application.js';
import { RUN_UNIT_OF_WORK, type RunUnitOfWork } from './context/unit-of-work.js';
import { openAccessLog } from './http-server/open-access-log.js';
import { nameHandlers } from './http-server/handler-names.js';
import { nameFastifyRequests } from './http-server/fastify-request-ids.js';
import { installRequestHook } from './http-server/request-hook.js';
import { traceRouterErrors } from './http-server/router-errors.js';
import { RequestTracer } from './http-server/request-tracer.js';
import { TracingMiddleware } from './http-server/tracing.middleware.js';
import { openLogger } from './logging/winston/default-logger.js';
import { assignConsole } from './logging/winston/console-entries.js';
import { EntryWriter } from './logging/winston/entry-writer.js';
import { LineTransport } from './logging/output/line-transport.js';
import { TracingLogger } from './logging/winston/tracing-logger.js';
import { LogLevels } from './logging/log-levels.js';
import { warnIfUnused } from './logging/winston/unused-logger.js';
import { prepareApplication } from './instrumentation/prepare-application.js';
import { optionsOf } from './options/application-options.js';
import { checkedProvider, checkForRootAsync } from './options/async-options.js';
import { checkForRoot, optionsOfBareModule } from './options/check-import.js';
import { checkBoolean, ownedBy } from './options/check-value.js';
import { LEVEL_RULES } from './options/level-rule-options.js';
import { RAW_TRACING_OPTIONS, TRACING_OPTIONS, WINSTON_LOGGER } from './options/options.token.js';
import { APPLICATION, settled, type Application } from './records/application.js';
import type { ResolvedTracingOptions } from './options/resolve-options.js';
import type { TracingModuleOptions } from './options/tracing-options.js';
import { AccessLog } from './access-log/access-log.js';
import { requestEnder } from './access-log/request-end.js';
import { runSpan } from './spans/run-span.js';
import { serverTimingPatch } from './spans/server-timing.js';
import { TracingInterceptor } from './access-log/tracing.interceptor.js';
import { unitOfWorkRunner } from './access-log/run-unit-of-work.js';
import { appliedPatches } from './instrumentation/patch.js';
import {
  attachInstrumentations,
  detachInstrumentations,
} from './instrumentation/instrumentations.js';
import {
  ConfigurableModuleClass,
  type TracingModuleAsyncOptions,
} from './tracing.module-definition.js';

const providers: Provider[] = [
  optionsOfBareModule(RAW_TRACING_OPTIONS, 'TracingModule'),
  {
    provide: TRACING_OPTIONS,
    inject: [ModulesContainer, RAW_TRACING_OPTIONS],
    useFactory: optionsOf,
  },
  {
    provide: APPLICATION,
    inject: [TRACING_OPTIONS],
    useFactory: ({ policy }: ResolvedTracingOptions) => policy.application,
  },
  { provide: WINSTON_LOGGER, inject: [TRACING_OPTIONS], useFactory: openLogger },
  {
    provide: AccessLog,
    inject: [TRACING_OPTIONS, WINSTON_LOGGER, HttpAdapterHost, ModulesContainer],
    useFactory: openAccessLog,
  },
  {
    provide: RequestTracer,
    inject: [TRACING_OPTIONS, AccessLog],
    useFactory: (options: ResolvedTracingOptions, accessLog: AccessLog) =>
      new RequestTracer(
        options,
        requestEnder(accessLog, warnIfUnused, options.enrich),
        options.serverTiming ? serverTimingPatch() : undefined,
      ),
  },
  { provide: RUN_SPAN, useValue: runSpan },
  {
    provide: RUN_UNIT_OF_WORK,
    inject: [TRACING_OPTIONS, AccessLog],
    useFactory: unitOfWorkRunner,
  },
  {
    // NestJS waits for asynchronous providers before it registers routes and connects listeners.
    provide: TRACED_APPLICATION,
    inject: [TRACING_OPTIONS, ModulesContainer, HttpAdapterHost, RequestTracer, RUN_UNIT_OF_WORK],
    useFactory: prepareApplication,
  },
  {
    // What has it injected is made once packages are prepared, as it may make a consumer of kafkajs.
    provide: TraceContext,
    inject: [TRACING_OPTIONS, RUN_SPAN, RUN_UNIT_OF_WORK, TRACED_APPLICATION],
    useFactory: (options: ResolvedTracingOptions, span: RunSpan, run: RunUnitOfWork) =>
      new TraceContext(options, span, run),
  },
  TracingLogger,
  LogLevels,
  { provide: LEVEL_RULES, useExisting: LogLevels },
];

const interceptor: Provider = { provide: APP_INTERCEPTOR, useClass: TracingInterceptor };

/**
 * Traces an application: ids for every request, on every log line, on every response, and one
 * access log line for each. Import it in the root module; it is global.
 *
 * @publicApi
 *
 * @example
 * \@Module({ imports: [TracingModule.forRoot({ service: 'payments' })] })
 * export class AppModule {}
 *
 * @example
 * TracingModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ service: config.get('SERVICE') }),
 * })
 */
@Module({
  imports: [ClsModule],
  providers,
  // The options and the application are for the other entries of this package, such as `nestjs-tracing/metrics`.
  exports: [
    TraceContext,
    TracingLogger,
    LogLevels,
    LEVEL_RULES,
    TRACING_OPTIONS,
    APPLICATION,
    ClsModule,
  ],
})
export class TracingModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown
{
  private endConsole: (() => void) | undefined;

  /** @internal */
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly modules: ModulesContainer,
    private readonly tracer: RequestTracer,
    @Inject(WINSTON_LOGGER) private readonly logger: Logger,
    @Inject(APPLICATION) private readonly application: Application,
    @Inject(TRACED_APPLICATION) private readonly tracedApplication: TracedApplication,
    @Inject(TRACING_OPTIONS) private readonly options: ResolvedTracingOptions,
  ) {
    super();
  }

  static override forRoot(options: TracingModuleOptions = {}): DynamicModule {
    checkForRoot('TracingModule', options);
    // Its place, behind the guards, is also where `enrich` is called.
    return withInterceptor(super.forRoot(options), options.interceptor, options.enrich);
  }

  /**
   * Options from a factory, a class or an existing provider. `interceptor` is set beside
   * them: whether NestJS gets the interceptor has to be known before the factory runs.
   */
  static override forRootAsync(options: TracingModuleAsyncOptions): DynamicModule {
    checkForRootAsync(options);
    const { interceptor: isIntercepting, ...rest } = options;
    ownedBy('TracingModule.forRootAsync', () => checkBoolean('interceptor', isIntercepting));
    const definition = super.forRootAsync(rest);
    const checked = definition.providers?.map((one) => checkedProvider(one, options));
    return withInterceptor({ ...definition, providers: checked ?? [] }, isIntercepting);
  }

  /** Called by NestJS. */
  configure(consumer: MiddlewareConsumer): void {
    const { httpAdapter } = this.adapterHost;
    nameHandlers(this.modules, httpAdapter);
    nameFastifyRequests(httpAdapter, this.tracer);
    traceRouterErrors(httpAdapter, this.tracer);
    if (!installRequestHook(httpAdapter, this.tracer)) {
      consumer.apply(TracingMiddleware).forRoutes('{*path}');
    }
  }

  /** Called by NestJS. */
  async onModuleInit(): Promise<void> {
    await attachInstrumentations(this.tracedApplication);
    const consoleWriter = this.options.console ? new EntryWriter(this.logger) : undefined;
    this.endConsole = assignConsole(this.application, consoleWriter);
    this.logPatches();
  }

  /** Called by NestJS. */
  beforeApplicationShutdown(): void {
    for (const transport of this.lineTransports()) transport.stopGathering();
  }

  /**
   * Called by NestJS. Waits for the responses of connections that were cut, which close a little
   * later: their access log lines have to be written before the process ends.
   */
  async onApplicationShutdown(): Promise<void> {
    await settled(this.application);
    this.endConsole?.();
    detachInstrumentations(this.tracedApplication);
    // A signal ends the process without `exit`, so this is the last moment for a slow reader.
    await Promise.all(this.lineTransports().map((transport) => transport.drain()));
  }

  private lineTransports(): LineTransport[] {
    return this.logger.transports.filter((transport) => transport instanceof LineTransport);
  }

  /** Lists what was changed in other packages, to help where one of them behaves oddly. */
  private logPatches(): void {
    const entries = new EntryWriter(this.logger);
    if (!entries.isWritten(entries.nameOf('debug'))) return;
    const patches = appliedPatches().map(({ package: name, version, target }) =>
      version === undefined ? `${name} ${target}` : `${name}@${version} ${target}`,
    );
    entries.writeLine('debug', 'Patched packages', { context: 'TracingModule', patches });
  }
}

function withInterceptor(
  definition: DynamicModule,
  isIntercepting = true,
  enrich?: TracingModuleOptions['enrich'],
): DynamicModule {
  if (!isIntercepting && enrich === undefined) return definition;
  return { ...definition, providers: [...(definition.providers ?? []), interceptor] };
}
