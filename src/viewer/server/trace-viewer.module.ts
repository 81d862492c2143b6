import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { APPLICATION, type Application } from '../../records/application.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';
import { warnOnce } from '../../records/warnings.js';
import { installFrontHook } from './viewer-request-hook.js';
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

/** The pages that an application has already: a module that is imported twice shows its page once. */
const shown = new WeakMap<Application, Map<string, AuthorizeViewer | undefined>>();

/**
 * A page of the running application: left its requests, right its mixed log lines, live. Pointing
 * at one lights up the other; a click shows where the time went. Other services send theirs to the
 * same page over OTLP. Nothing is stored but in memory, and that is bounded.
 *
 * It is for development: only this machine sees it, and with `NODE_ENV=production` the application
 * does not start unless `authorize` says who may.
 *
 * @publicApi
 *
 * @example
 * \@Module({ imports: [TracingModule.forRoot(), TraceViewerModule.forRoot()] })
 * export class AppModule {}
 * // http://localhost:3000/_traces
 */
@Module({})
export class TraceViewerModule
  implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly recorder: Recorder;
  private readonly stream: RecordStream;
  private readonly server: ViewerServer;

  /** @internal */
  constructor(
    @Inject(VIEWER_OPTIONS) private readonly options: ResolvedViewerOptions,
    @Inject(APPLICATION) private readonly application: Application,
    private readonly host: HttpAdapterHost,
  ) {
    const store = new RecordStore(options.limits);
    const { service } = application;
    this.recorder = new Recorder(application, store);
    const hello = { instance: this.recorder.instance, service, path: options.path };
    this.stream = new RecordStream(store, hello, options.limits.pages);
    this.server = new ViewerServer(options, store, this.stream);
  }

  /**
   * @throws {TracingConfigError} for a wrong option, and in production without `authorize`.
   */
  static forRoot(options: TraceViewerOptions = {}): DynamicModule {
    const resolved = resolveViewerOptions(options);
    refuseOpenProduction(resolved);
    return {
      module: TraceViewerModule,
      providers: [{ provide: VIEWER_OPTIONS, useValue: resolved }],
    };
  }

  /**
   * Called by NestJS. By now every hook of the core's is where it belongs, and whatever reads `NODE_ENV`
   * from a file has done so.
   */
  onModuleInit(): void {
    refuseOpenProduction(this.options);
    if (!this.isFirst()) return;
    const adapter: object | undefined = this.host.httpAdapter;
    if (adapter !== undefined && installFrontHook(adapter, this.server)) this.recorder.start();
    else warnOnce('TRACING_VIEWER_WITHOUT_HTTP', 'the viewer has no HTTP server for its page');
  }

  /** Called by NestJS. A page that is open must not hold up the end. */
  beforeApplicationShutdown(): void {
    this.stream.close();
  }

  /** Called by NestJS. */
  onApplicationShutdown(): void {
    this.recorder.stop();
  }

  private isFirst(): boolean {
    const { path, authorize } = this.options;
    const pages = shown.get(this.application) ?? new Map<string, AuthorizeViewer | undefined>();
    shown.set(this.application, pages);
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
