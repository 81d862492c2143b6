import {
  Inject,
  Module,
  Optional,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { checkForRoot, optionsOfBareModule, requireTracing } from '../../options/check-import.js';
import { APPLICATION, type Application } from '../../records/application.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';
import { warnOnce } from '../../records/warnings.js';
import { installViewerHook } from './viewer-request-hook.js';
import { RecordStore } from './record-store.js';
import { RecordStream } from './record-stream.js';
import { Recorder } from './recorder.js';
import { ViewerServer } from './viewer-server.js';
import {
  refuseOpenProduction,
  resolveViewerOptions,
  type AuthorizeViewer,
  type ResolvedViewerOptions,
  type TraceViewerOptions,
} from './viewer-options.js';

const VIEWER_OPTIONS = Symbol('nestjs-tracing.viewer-options');

/** The paths of each application's viewers: a module that is imported twice serves its page once. */
const installed = new WeakMap<Application, Map<string, AuthorizeViewer | undefined>>();

/**
 * Serves the trace viewer: a live page with the application's requests on the left and its log lines
 * on the right. Pointing at one highlights the other; a click shows where the time went. Other
 * services can send theirs to the same page over OTLP. Everything is in memory, within limits.
 *
 * It is for development: only this machine may see it, and with `NODE_ENV=production` the application
 * does not start unless `authorize` decides who may see it.
 *
 * @publicApi
 *
 * @example
 * \@Module({ imports: [TracingModule.forRoot(), TraceViewerModule.forRoot()] })
 * export class AppModule {}
 * // http://localhost:3000/_traces
 */
@Module({ providers: [optionsOfBareModule(VIEWER_OPTIONS, 'TraceViewerModule')] })
export class TraceViewerModule
  implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly application: Application;
  private readonly recorder: Recorder;
  private readonly stream: RecordStream;
  private readonly server: ViewerServer;

  /** @internal */
  constructor(
    @Inject(VIEWER_OPTIONS) private readonly options: ResolvedViewerOptions,
    @Optional() @Inject(APPLICATION) application: Application | undefined,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.application = requireTracing(application, 'TraceViewerModule');
    const store = new RecordStore(options.limits);
    const { service } = this.application;
    this.recorder = new Recorder(this.application, store);
    const hello = { instance: this.recorder.instance, service, path: options.path };
    this.stream = new RecordStream(store, hello, options.limits.pages);
    this.server = new ViewerServer(options, store, this.stream);
  }

  /**
   * @throws {TracingConfigError} for a wrong option, and in production without `authorize`.
   */
  static forRoot(options: TraceViewerOptions = {}): DynamicModule {
    checkForRoot('TraceViewerModule', options);
    const resolved = resolveViewerOptions(options);
    refuseOpenProduction(resolved);
    return {
      module: TraceViewerModule,
      providers: [{ provide: VIEWER_OPTIONS, useValue: resolved }],
    };
  }

  /**
   * Called by NestJS. By now the core has installed its hooks, and a configuration module that sets
   * `NODE_ENV` from a file has run.
   */
  onModuleInit(): void {
    refuseOpenProduction(this.options);
    if (!this.isFirst()) return;
    // An application context has `null`, and a testing module that is not an application nothing.
    const adapter: object | null | undefined = this.adapterHost.httpAdapter;
    if (adapter !== undefined && adapter !== null && installViewerHook(adapter, this.server))
      this.recorder.start();
    else
      warnOnce('TRACING_VIEWER_WITHOUT_HTTP', 'the trace viewer has no HTTP server for its page');
  }

  /** Called by NestJS. A page that is open must not delay the shutdown. */
  beforeApplicationShutdown(): void {
    this.stream.close();
  }

  /** Called by NestJS. */
  onApplicationShutdown(): void {
    this.recorder.stop();
  }

  private isFirst(): boolean {
    const { path, authorize } = this.options;
    const pages = installed.get(this.application) ?? new Map<string, AuthorizeViewer | undefined>();
    installed.set(this.application, pages);
    if (!pages.has(path)) {
      pages.set(path, authorize);
      return true;
    }
    if (pages.get(path) === authorize) return false;
    throw new TracingConfigError(
      'VIEWER_IMPORTED_TWICE',
      `TraceViewerModule is imported twice for ${path}, each with another \`authorize\`.`,
      'import it once, or give all of them the same function.',
    );
  }
}
