// Imported instead of the globals, which a test may have replaced by fake timers.
import { clearTimeout, setTimeout } from 'node:timers';
import type { UnitOfWorkKind } from '../records/access-log-record.js';
import type { Application } from '../records/application.js';
import type { LogRecord } from '../records/log-record.js';
import type { RequestRecord } from '../records/request-record.js';
import { subscribeConsumer, type ApplicationSubscription } from '../records/subscribe.js';
import { recordedSteps, type RecordedStep } from './recorded-step.js';
import { loggedEntry, type LoggedEntry } from './logged-entry.js';

/** Shorter than the 5 s of Jest and Vitest, so that this error with its reason is reported first. */
const TIMEOUT_MS = 2000;
/** The longest delay of a timer. A longer one would fire immediately. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** `Symbol.dispose` is missing in some test runners. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol('dispose');

/** Options of {@link LogCapture.finished}. */
export interface FinishedOptions {
  /**
   * The kind to wait for, because a message or job can have the id of the request that caused it.
   * Default: `request`.
   */
  kind?: 'request' | UnitOfWorkKind | undefined;
  /** Milliseconds until the promise is rejected. Default: 2000. */
  timeout?: number | undefined;
}

interface Finish {
  readonly requestId: string;
  readonly kind: 'request' | UnitOfWorkKind;
  readonly line: LoggedEntry | undefined;
  readonly steps: readonly RecordedStep[];
}

interface Wait {
  readonly isMatch: (finish: Finish) => boolean;
  readonly settle: (finish?: Finish) => void;
}

/**
 * The log entries of an application until {@link LogCapture.stop}. Created by `captureLogs`.
 *
 * @example
 * const logs = captureLogs(app);
 * await fetch(`${await app.getUrl()}/payments`, { headers: { 'X-Request-ID': 'req-001' } });
 * await logs.finished('req-001');
 * expect(logs.ofRequest('req-001').map(({ message }) => message)).toContain('Gateway slow');
 */
export class LogCapture implements Disposable {
  private logged: LoggedEntry[] = [];
  private finishes: Finish[] = [];
  private readonly waits = new Set<Wait>();
  /**
   * The last entry that was logged in a request that has ended. Between the end of a request and its
   * event only its access log line is logged, so this entry is that line.
   */
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
      subscribeConsumer(application, { onRequest, onLog }),
      subscribeConsumer(tests, {
        onRequest,
        onLog: (entry) => {
          // An entry without an application reaches both subscriptions.
          if (entry.application !== undefined) onLog(entry);
        },
      }),
    ];
  }

  /** All entries, in the order in which they were logged. */
  get entries(): readonly LoggedEntry[] {
    return this.logged;
  }

  /** The access log lines of all requests, messages, jobs and runs that have ended. */
  get finishLines(): readonly LoggedEntry[] {
    return this.finishes.flatMap(({ line }) => line ?? []);
  }

  /** The entries with this request id, including the access log line. */
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
   * The access log line of a request. A client receives the response shortly before the line is
   * written, so wait for it before you check what was logged. If several requests since
   * {@link clear} have this id, it is the line of the first that ended.
   *
   * @throws {Error} if the request writes no access log line, or does not end in time.
   *
   * @example
   * const line = await logs.finished('req-001');
   */
  async finished(requestId: string, options: FinishedOptions = {}): Promise<LoggedEntry> {
    const { kind = 'request', timeout = TIMEOUT_MS } = options;
    const isMatch = (finish: Finish): boolean =>
      finish.requestId === requestId && finish.kind === kind;
    const known = this.finishes.find(isMatch);
    const finish = known ?? (await this.nextFinish(isMatch, timeout));
    if (finish?.line !== undefined) return finish.line;

    // Errors are created here and not in the timer, so that their stack leads to the test.
    const what = `${kind} "${requestId}"`;
    if (finish !== undefined) {
      throw new Error(
        `The ${what} has no access log line: \`accessLog\` or the log level disables it.`,
      );
    }
    if (this.hasStopped) throw new Error(`The capture was stopped before the ${what} finished.`);
    throw new Error(`The ${what} did not finish within ${timeout} ms. ${this.finishedText()}`);
  }

  /**
   * The steps of what has ended with this request id: methods with `spans.auto` or `@Span()`, calls to
   * databases, caches and other services. A request need not have failed for it.
   *
   * @throws {Error} if nothing has ended with this id since {@link clear}.
   *
   * @example
   * await logs.finished('req-001');
   * expect(logs.stepsOf('req-001').map(({ name }) => name)).toContain('SELECT orders');
   */
  stepsOf(requestId: string): readonly RecordedStep[] {
    const own = this.finishes.filter((finish) => finish.requestId === requestId);
    if (own.length > 0) return own.flatMap(({ steps }) => steps);
    throw new Error(
      `Nothing has finished with the request id "${requestId}". Wait for it: await logs.finished("${requestId}")`,
    );
  }

  /** Discards all entries so far. */
  clear(): void {
    this.logged = [];
    this.finishes = [];
  }

  /** Stops collecting, and releases the application. Entries so far can still be read. */
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
    const isRecorded = record.entry['recorded'] === true;
    if (trace?.finished === true && !isRecorded) this.lastOfFinished = { request: trace, entry };
  }

  private addFinish(request: RequestRecord): void {
    const { lastOfFinished: last } = this;
    const finish: Finish = {
      requestId: request.requestId,
      kind: request.kind,
      line: last?.request === request ? last.entry : undefined,
      steps: recordedSteps(request),
    };
    this.finishes.push(finish);
    for (const { isMatch, settle } of this.waits) if (isMatch(finish)) settle(finish);
  }

  private nextFinish(isMatch: Wait['isMatch'], timeout: number): Promise<Finish | undefined> {
    return new Promise((resolve) => {
      if (this.hasStopped) return resolve(undefined);
      const settle = (finish?: Finish): void => {
        clearTimeout(timer);
        this.waits.delete(wait);
        resolve(finish);
      };
      const timer = setTimeout(settle, Math.min(timeout, MAX_TIMEOUT_MS));
      const wait: Wait = { isMatch, settle };
      this.waits.add(wait);
    });
  }

  private finishedText(): string {
    if (this.finishes.length === 0) return 'Nothing has finished.';
    return `Finished: ${this.finishes.map(({ kind, requestId }) => `${kind} "${requestId}"`).join(', ')}.`;
  }
}
