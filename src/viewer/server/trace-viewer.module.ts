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
import type { Server } from 'node:net';
import { checkForRoot, optionsOfBareModule, requireTracing } from '../../options/check-import.js';
import { LEVEL_RULES, type LevelRuleControl } from '../../options/level-rule-options.js';
import { APPLICATION, type Application } from '../../records/application.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';
import { warnOnce } from '../../records/warnings.js';
import { SharedViewer } from './hub/shared-viewer.js';
import { KeptRecords } from './kept/kept-records.js';
import { LevelEndpoint } from './level-endpoint.js';
import { installViewerHook } from './viewer-request-hook.js';
import { RecordStore } from './record-store.js';
import { RecordStream } from './record-stream.js';
import { Recorder } from './recorder.js';
import { ViewerLink } from './viewer-link.js';
import { ViewerServer } from './viewer-server.js';
import { ViewerToken } from './viewer-token.js';
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
 * services can send theirs to the same page over OTLP. Everything is in memory, within limits; with
 * `keep`, it survives a restart.
 *
 * It is for development: the process prints a link with a token at its start, on standard error, and
 * only who has followed it may look. Where `NODE_ENV` is anything but `development`, `test` or unset,
 * the application does not start unless `authorize` decides who may see it. With `shared`, several
 * processes have one page.
 *
 * @publicApi
 *
 * @example
 * \@Module({ imports: [TracingModule.forRoot(), TraceViewerModule.forRoot()] })
 * export class AppModule {}
 * // nestjs-tracing: to see the traces, open http://localhost:3000/_traces?token=…
 */
@Module({ providers: [optionsOfBareModule(VIEWER_OPTIONS, 'TraceViewerModule')] })
export class TraceViewerModule
  implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly application: Application;
  private readonly recorder: Recorder;
  private readonly stream: RecordStream;
  private readonly store: RecordStore;
  private shared: SharedViewer | undefined;
  private kept: KeptRecords | undefined;

  /** @internal */
  constructor(
    @Inject(VIEWER_OPTIONS) private readonly options: ResolvedViewerOptions,
    @Optional() @Inject(APPLICATION) application: Application | undefined,
    private readonly adapterHost: HttpAdapterHost,
    @Optional() @Inject(LEVEL_RULES) private readonly rules: LevelRuleControl | undefined,
  ) {
    this.application = requireTracing(application, 'TraceViewerModule');
    const store = new RecordStore(options.limits);
    const { service } = this.application;
    this.recorder = new Recorder(this.application, store, options.limits);
    const hello = { instance: this.recorder.instance, service, path: options.path };
    this.stream = new RecordStream(store, hello, options.limits.pages);
    this.store = store;
  }

  /**
   * @throws {TracingConfigError} for a wrong option, and outside development without `authorize`.
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
  async onModuleInit(): Promise<void> {
    refuseOpenProduction(this.options);
    if (!this.isFirst()) return;
    // An application context has `null`, and a testing module that is not an application nothing.
    const adapter: object | null | undefined = this.adapterHost.httpAdapter;
    if (adapter === undefined || adapter === null || !this.serveOn(adapter)) {
      warnOnce(
        'TRACING_VIEWER_WITHOUT_HTTP',
        'the application has no HTTP server, so the trace viewer is not served. Import TraceViewerModule only in an HTTP application',
      );
      return;
    }
    await this.restore();
    this.recorder.start();
  }

  /** Restores what earlier runs have kept, and keeps what this one records. */
  private async restore(): Promise<void> {
    const { keep, limits } = this.options;
    if (keep === undefined) return;
    this.kept = new KeptRecords(keep, this.recorder.instance);
    await this.kept.start(this.store, limits);
  }

  /** Called by NestJS. A page that is open must not delay the shutdown. */
  beforeApplicationShutdown(): void {
    this.stream.close();
    this.shared?.endPages();
  }

  /** Called by NestJS. */
  async onApplicationShutdown(): Promise<void> {
    this.recorder.stop();
    this.shared?.close();
    await this.kept?.stop(this.store);
  }

  /** Returns `false` for an adapter that cannot serve the viewer. */
  private serveOn(adapter: object): boolean {
    const { options, store, stream, recorder, application, rules } = this;
    const { authorize, shared } = options;
    const token = shared ? ViewerToken.ofUser() : ViewerToken.ofProject();
    const gate = authorize === undefined ? { token } : { authorize };
    const link = authorize === undefined ? new ViewerLink(options.path, token) : undefined;
    const { instance } = recorder;
    const { service } = application;
    if (shared) {
      this.shared = new SharedViewer({ instance, service, store, stream, rules, options, link });
    }
    const hub = this.shared?.hub;
    const levels = new LevelEndpoint(hub?.rules ?? rules);
    const server = new ViewerServer(options, gate, link, store, stream, levels, hub);
    if (!installViewerHook(adapter, server)) return false;
    const listener = this.adapterHost.httpAdapter.getHttpServer() as Server;
    if (this.shared === undefined) link?.printFor(listener);
    else this.shared.start(server, listener);
    return true;
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
      `TraceViewerModule is imported twice for ${path}, with two different functions \`authorize\`.`,
      'import it once, or pass the same function to both.',
      'TraceViewerModule.forRoot',
    );
  }
}
