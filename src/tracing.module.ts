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
import { RUN_SPAN } from './context/run-span.token.js';
import { TraceContext } from './context/trace-context.js';
import { RUN_WORK, TRANSPORT_HOST, type RunWork, type TransportHost } from './context/work.js';
import { nameHandlers } from './incoming/name-handlers.js';
import { installRequestHook } from './incoming/request-hook.js';
import { RequestTracer } from './incoming/request-tracer.js';
import { TracingMiddleware } from './incoming/tracing.middleware.js';
import { openLogger } from './logs/default-logger.js';
import { EntryWriter } from './logs/entry-writer.js';
import { LineTransport } from './logs/line-transport.js';
import { TracingLogger, WINSTON_LOGGER } from './logs/tracing-logger.js';
import { optionsOf } from './options/application-options.js';
import { traceOutgoingCalls } from './outgoing/outgoing-calls.js';
import { RAW_TRACING_OPTIONS, TRACING_OPTIONS } from './options/options.token.js';
import type { ResolvedTracingOptions } from './options/resolve-options.js';
import type { TracingModuleOptions } from './options/tracing-options.js';
import { spanMethods } from './timings/auto-spans.js';
import { FinishLine } from './timings/finish-line.js';
import { shortcutInterceptor } from './timings/interceptor-shortcut.js';
import { openSpan } from './timings/open-span.js';
import { requestEnder } from './timings/request-end.js';
import { runSpan } from './timings/run-span.js';
import { addServerTiming } from './timings/server-timing.js';
import { TracingInterceptor } from './timings/tracing.interceptor.js';
import { workRunner } from './timings/run-work.js';
import { attachTransports, detachTransports, prepareTransports } from './transports/transports.js';
import {
  ConfigurableModuleClass,
  type TracingModuleAsyncOptions,
} from './tracing.module-definition.js';

const providers: Provider[] = [
  {
    provide: TRACING_OPTIONS,
    inject: [ModulesContainer, RAW_TRACING_OPTIONS],
    useFactory: optionsOf,
  },
  { provide: WINSTON_LOGGER, inject: [TRACING_OPTIONS], useFactory: openLogger },
  {
    provide: FinishLine,
    inject: [TRACING_OPTIONS, WINSTON_LOGGER],
    useFactory: ({ accessLog }: ResolvedTracingOptions, logger: Logger) => {
      const writer = new EntryWriter(logger);
      return new FinishLine(accessLog, writer.writeLine.bind(writer));
    },
  },
  {
    provide: RequestTracer,
    inject: [TRACING_OPTIONS, FinishLine],
    useFactory: (options: ResolvedTracingOptions, finishLine: FinishLine) =>
      new RequestTracer(
        options,
        requestEnder(finishLine),
        options.serverTiming ? addServerTiming : undefined,
      ),
  },
  { provide: RUN_SPAN, useValue: runSpan },
  {
    provide: RUN_WORK,
    inject: [TRACING_OPTIONS, FinishLine],
    useFactory: workRunner,
  },
  {
    // Asynchronous, so that it is done before NestJS registers the first listener.
    provide: TRANSPORT_HOST,
    inject: [TRACING_OPTIONS, ModulesContainer, RequestTracer, RUN_WORK],
    useFactory: async (
      options: ResolvedTracingOptions,
      modules: ModulesContainer,
      tracer: RequestTracer,
      runWork: RunWork,
    ): Promise<TransportHost> => {
      const { policy } = options;
      spanMethods(modules, options);
      if (options.interceptor) shortcutInterceptor();
      if (policy.isTrustedHost !== undefined) traceOutgoingCalls(openSpan);
      const openConnection = tracer.openConnection.bind(tracer);
      return prepareTransports({ modules, policy, runWork, openSpan, openConnection });
    },
  },
  TraceContext,
  TracingLogger,
];

const interceptor: Provider = { provide: APP_INTERCEPTOR, useClass: TracingInterceptor };

/**
 * Traces an application: ids for every request, on every log line, on every response, and one
 * finish line for each. Import it in the root module; it is global.
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
  // The options are for the entries of this package that stand beside the core.
  exports: [TraceContext, TracingLogger, TRACING_OPTIONS, ClsModule],
})
export class TracingModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModulesContainer,
    private readonly tracer: RequestTracer,
    @Inject(WINSTON_LOGGER) private readonly logger: Logger,
    @Inject(TRANSPORT_HOST) private readonly transportHost: TransportHost,
  ) {
    super();
  }

  static override forRoot(options: TracingModuleOptions = {}): DynamicModule {
    return withInterceptor(super.forRoot(options), options?.interceptor);
  }

  /**
   * Options from a factory, a class or an existing provider. `interceptor` stands beside them:
   * whether Nest runs interceptors has to be known before the factory runs.
   */
  static override forRootAsync(options: TracingModuleAsyncOptions): DynamicModule {
    const { interceptor: isIntercepting, ...rest } = options;
    return withInterceptor(super.forRootAsync(rest), isIntercepting);
  }

  /** @internal */
  configure(consumer: MiddlewareConsumer): void {
    const { httpAdapter } = this.host;
    nameHandlers(this.modules, httpAdapter);
    if (!installRequestHook(httpAdapter, this.tracer)) {
      consumer.apply(TracingMiddleware).forRoutes('{*path}');
    }
  }

  /** @internal */
  onModuleInit(): void {
    attachTransports(this.transportHost);
  }

  /** @internal */
  beforeApplicationShutdown(): void {
    for (const transport of this.logger.transports) {
      if (transport instanceof LineTransport) transport.stopGathering();
    }
  }

  /**
   * Connections that were cut close their responses a little later; their finish lines belong
   * before the end of the process.
   *
   * @internal
   */
  onApplicationShutdown(): Promise<void> {
    detachTransports(this.transportHost);
    return this.tracer.settled();
  }
}

function withInterceptor(
  definition: DynamicModule,
  isIntercepting: boolean | undefined,
): DynamicModule {
  if (isIntercepting === false) return definition;
  return { ...definition, providers: [...(definition.providers ?? []), interceptor] };
}
