import type { UnitOfWorkFields } from '../records/access-log-record.js';
import type {
  RequestRecord,
  TraceFields,
  TraceMetadata,
  W3cOrigin,
} from '../records/request-record.js';
import type { CallTotals } from './call-totals.js';
import type { DebugLevel } from './debug-level.js';
import { withCount, withField } from './field-limits.js';
import { toW3cTraceId } from './ids.js';
import type { Recording } from './recording.js';
import type { Thrown } from './thrown.js';
import type { TracePolicy } from './trace-policy.js';
import type { SdkSpan } from './sdk-span.js';
import type { Application } from '../records/application.js';
import type { SpanRecord } from '../records/span-record.js';

/** What a request or message came with: its headers by lower-case name, or what reads one. */
export type Received = Readonly<Record<string, unknown>> | ((name: string) => unknown);

/** The metadata of a request that is still running, with the methods that complete it. */
export interface LiveMetadata extends TraceMetadata {
  work?: UnitOfWorkFields | undefined;
  /** How often a field had to be left out or cut. */
  droppedFields?: number;
  /** The handlers of a GraphQL operation beside the first, as in `RecipesResolver.recipes`. */
  otherHandlers?: string[];
  /** Sets the handler, where the execution context is more precise than the router. */
  nameHandler?(name: string): void;
  /** Gives the platform's own objects for the request its id. */
  nameRequest?(id: string): void;
  /**
   * Called with the response to a call of this request, so that a proxy does not answer with the
   * ids of the server behind it.
   */
  noteAnswer?(names: readonly string[], valueOf: (name: string) => string | undefined): void;
  /** Removes the route that the router had matched, because it did not send the response. */
  forgetRoute?(): void;
  /** The platform's own object for the request, the first time that it is asked for. */
  requestToEnrich?(): object | undefined;
  /** Node's own request, while its response is open. */
  readonly raw?: object | undefined;
  /** Determines route and handler finally, once the response has closed with this status. */
  settle?(status: number): void;
}

/** The recorded spans of a trace. */
export interface KeptSpans {
  /** As a tree in depth-first order, siblings as they began, with equal siblings folded. */
  readonly records: readonly SpanRecord[];
  /** How many spans were beyond the limit and not recorded. */
  readonly dropped: number;
}

/**
 * The state of one request, message, job or run: ids, origin, metadata and spans. It is in the
 * async context from the first hook to the close of the response, and all other parts read it
 * from there.
 */
export class Trace implements RequestRecord {
  readonly startedMs = performance.now();
  /**
   * What the next log entry contains of this trace. It is replaced and never mutated, so that
   * earlier entries keep their values.
   */
  scope: TraceScope;
  /** Monotonic, milliseconds; `undefined` until the interceptor runs. */
  handlerStartedMs: number | undefined = undefined;
  /** Milliseconds, measured by the interceptor; `undefined` until the handler has ended. */
  handlerMs: number | undefined = undefined;
  /** `undefined` until the first span. */
  spanList: KeptSpans | undefined = undefined;
  finished = false;
  /** What was thrown, and reached what handles errors; `undefined` once its line is written. */
  thrown: Thrown | undefined = undefined;
  /** What trace viewers keep of it; `undefined` until they keep something. */
  viewed: object | undefined = undefined;
  /** What it has called; `undefined` until the first call. */
  calls: CallTotals | undefined = undefined;
  /** The counters of `TraceContext.add`; `undefined` until the first. */
  counters: Record<string, number> | undefined = undefined;
  /** The names of the first messages and jobs that it sent. */
  sent: string[] | undefined = undefined;
  /**
   * Its log entries below the logger's level; `undefined` until the first of them, `null` where none
   * are kept because it never ends.
   */
  recording: Recording | null | undefined = undefined;
  /** The level that its caller has asked for. */
  debugLevel: DebugLevel | undefined = undefined;
  /** The span of this trace in an OpenTelemetry SDK, if this package started it. */
  sdkSpan: SdkSpan | undefined = undefined;

  /** Whether the application has asked to keep it, see `TraceContext.keep`. Missing where it has not. */
  declare isKept?: true;

  /** The context of an OpenTelemetry SDK that it began in, where one is registered. */
  sdkContext: object | undefined = undefined;
  /** Whether it has been the current trace. */
  isEntered = false;
  /** Its `nestjs-cls` store, where somebody has asked for it. */
  userStore: Record<string | symbol, unknown> | undefined = undefined;

  private w3cId: string | undefined;
  // A private name: printing or serializing a trace must not show the headers of the caller.
  readonly #received: Received | undefined;

  constructor(
    readonly traceId: string,
    readonly requestId: string,
    public sessionId: string | undefined,
    readonly spanId: string,
    readonly origin: W3cOrigin,
    readonly metadata: LiveMetadata,
    readonly policy: TracePolicy,
    received?: Received,
  ) {
    this.w3cId = origin.traceId;
    this.#received = received;
    this.scope = new TraceScope(this, spanId, undefined);
  }

  /** Itself: the async context holds a trace or one of its spans, and both lead to the trace. */
  get trace(): this {
    return this;
  }

  get application(): Application {
    return this.policy.application;
  }

  get kind(): RequestRecord['kind'] {
    return this.metadata.kind ?? 'request';
  }

  get spans(): readonly SpanRecord[] | undefined {
    return this.spanList?.records;
  }

  get droppedSpans(): number {
    return this.spanList?.dropped ?? 0;
  }

  get w3cTraceId(): string {
    return (this.w3cId ??= toW3cTraceId(this.traceId));
  }

  get elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  /**
   * The value of a header that the request or message came with, as it was received. A list has
   * alternatives: those of a message, and of the request that it is part of.
   */
  received(name: string): unknown {
    const received = this.#received;
    if (received === undefined) return undefined;
    try {
      return typeof received === 'function' ? received(name) : received[name];
    } catch {
      // The object that holds the headers of a message may be anything, also one that throws.
      return undefined;
    }
  }

  /** Sets the session for all later log entries, where it is known only after the trace has begun. */
  nameSession(id: string): void {
    this.sessionId = id;
    // What was rendered has the session that was known then.
    this.scope = new TraceScope(this, this.spanId, this.scope.fields);
  }

  /**
   * Adds a field to all later log entries. Entries that were logged before are not affected.
   *
   * @returns whether there was room for it. If not, it is counted.
   */
  setField(key: string, value: unknown): boolean {
    const added = withField(this.scope.fields, key, value);
    if (added !== undefined) this.scope = new TraceScope(this, this.spanId, added.fields);
    if (added?.isCut === false) return true;
    this.dropField();
    return false;
  }

  /**
   * Adds to a counter on the access log line.
   *
   * @returns whether there was room for it. If not, it is counted as a field that was left out.
   */
  count(key: string, amount: number): boolean {
    const counters = withCount(this.counters, key, amount);
    if (counters === undefined) this.dropField();
    else this.counters = counters;
    return counters !== undefined;
  }

  private dropField(): void {
    this.metadata.droppedFields = (this.metadata.droppedFields ?? 0) + 1;
  }
}

/** The ids and fields that a log entry takes from its trace, as they are when it is logged. */
export class TraceScope {
  /** The format that produced {@link rendered}, so that ids are formatted once and not per line. */
  renderedBy: object | undefined = undefined;
  rendered = '';

  constructor(
    readonly trace: Trace,
    readonly spanId: string,
    readonly fields: TraceFields | undefined,
  ) {}
}
