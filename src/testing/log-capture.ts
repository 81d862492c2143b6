// Not the globals: a test may have stopped their clock.
import { clearTimeout, setTimeout } from 'node:timers';
import type { UnitOfWorkKind } from '../records/access-log-record.js';
import type { Application } from '../records/application.js';
import type { LogRecord } from '../records/log-record.js';
import type { RequestRecord } from '../records/request-record.js';
import { subscribeApplication, type ApplicationSubscription } from '../records/subscribe.js';
import { loggedEntry, type LoggedEntry } from './logged-entry.js';

/** Below the 5 s of Jest and Vitest, so that it is this that fails, and says why. */
const TIMEOUT_MS = 2000;
/** A timer of more than that ends at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** Not every test runner defines it. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol('dispose');

/** What {@link LogCapture.finished} takes. */
export interface FinishedOptions {
  /** What is waited for: a message or job may have the id of the request that caused it. Default: `request`. */
  kind?: 'request' | UnitOfWorkKind | undefined;
  /** Milliseconds until the promise is rejected. Default: 2000. */
  timeout?: number | undefined;
}

interface Finish {
  readonly requestId: string;
  readonly kind: 'request' | UnitOfWorkKind;
  readonly line: LoggedEntry | undefined;
}

interface Wait {
  readonly isMeant: (finish: Finish) => boolean;
  readonly settle: (finish?: Finish) => void;
}

/** What an application has logged, until {@link stop}. Made by {@link captureLogs}. */
export class LogCapture implements Disposable {
  private logged: LoggedEntry[] = [];
  private finishes: Finish[] = [];
  private readonly waits = new Set<Wait>();
  /** Between the end of a request and its event nothing is logged but its access log line. */
  private lastOfFinished: { request: RequestRecord; entry: LoggedEntry } | undefined;
  private readonly subscriptions: readonly ApplicationSubscription[];
  private hasStopped = false;

  /**
   * @internal
   * @param release called once when the capture stops.
   */
  constructor(
    private readonly application: Application,
    tests: Application,
    private readonly release: () => void,
  ) {
    const onRequest = (request: RequestRecord): void => this.addFinish(request);
    const onLog = (entry: LogRecord): void => this.addEntry(entry);
    this.subscriptions = [
      subscribeApplication(application, { onRequest, onLog }),
      subscribeApplication(tests, {
        onRequest,
        onLog: (entry) => {
          // One that belongs to no application reaches both subscriptions.
          if (entry.application !== undefined) onLog(entry);
        },
      }),
    ];
  }

  /** All entries, in the order in which they were logged. */
  get entries(): readonly LoggedEntry[] {
    return this.logged;
  }

  /** The last line of each request, message, job and run that has ended. */
  get finishLines(): readonly LoggedEntry[] {
    return this.finishes.flatMap(({ line }) => line ?? []);
  }

  /** The entries with this request id, the finish line among them. */
  ofRequest(requestId: string): readonly LoggedEntry[] {
    return this.logged.filter((entry) => entry.request_id === requestId);
  }

  /** The entries with this session id. */
  ofSession(sessionId: string): readonly LoggedEntry[] {
    return this.logged.filter((entry) => entry.session_id === sessionId);
  }

  /** The entries with this trace id. */
  ofTrace(traceId: string): readonly LoggedEntry[] {
    return this.logged.filter((entry) => entry.trace_id === traceId);
  }

  /**
   * The finish line of a request. The client has its answer a moment before that is written, so
   * wait for it before you look at what was logged. Of several requests with this id since
   * {@link clear}, the first that ended.
   *
   * @throws {Error} for a request that writes no such line, or none in time.
   *
   * @example
   * const line = await logs.finished('req-001');
   */
  async finished(requestId: string, options: FinishedOptions = {}): Promise<LoggedEntry> {
    const { kind = 'request', timeout = TIMEOUT_MS } = options;
    const isMeant = (finish: Finish): boolean =>
      finish.requestId === requestId && finish.kind === kind;
    const known = this.finishes.find(isMeant);
    const finish = known ?? (await this.nextFinish(isMeant, timeout));
    if (finish?.line !== undefined) return finish.line;

    // Made here and not where the time ran out, so that its stack leads to the test.
    const what = `${kind} "${requestId}"`;
    if (finish !== undefined) {
      throw new Error(`The ${what} has no finish line: \`accessLog\` or the level leaves it out.`);
    }
    if (this.hasStopped) throw new Error(`The capture was stopped before the ${what} finished.`);
    throw new Error(`The ${what} did not finish within ${timeout} ms. ${this.finishedText()}`);
  }

  /** Forgets what was logged so far. */
  clear(): void {
    this.logged = [];
    this.finishes = [];
  }

  /** Gathers no more, and lets go of the application. What was gathered can still be read. */
  stop(): void {
    if (this.hasStopped) return;
    this.hasStopped = true;
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    for (const wait of this.waits) wait.settle();
    this.release();
  }

  /** The same as {@link stop}, for `using logs = captureLogs(app)`. */
  [DISPOSE](): void {
    this.stop();
  }

  private addEntry(record: LogRecord): void {
    const entry = loggedEntry(record, this.application.service);
    this.logged.push(entry);
    const { trace } = record;
    if (trace?.finished === true) this.lastOfFinished = { request: trace, entry };
  }

  private addFinish(request: RequestRecord): void {
    const { lastOfFinished: last } = this;
    const finish: Finish = {
      requestId: request.requestId,
      kind: request.kind,
      line: last?.request === request ? last.entry : undefined,
    };
    this.finishes.push(finish);
    for (const { isMeant, settle } of this.waits) if (isMeant(finish)) settle(finish);
  }

  private nextFinish(isMeant: Wait['isMeant'], timeout: number): Promise<Finish | undefined> {
    return new Promise((resolve) => {
      if (this.hasStopped) return resolve(undefined);
      const settle = (finish?: Finish): void => {
        clearTimeout(timer);
        this.waits.delete(wait);
        resolve(finish);
      };
      const timer = setTimeout(settle, Math.min(timeout, MAX_TIMEOUT_MS));
      const wait: Wait = { isMeant, settle };
      this.waits.add(wait);
    });
  }

  private finishedText(): string {
    if (this.finishes.length === 0) return 'Nothing has.';
    return `Finished: ${this.finishes.map(({ kind, requestId }) => `${kind} "${requestId}"`).join(', ')}.`;
  }
}
