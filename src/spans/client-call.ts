import { active } from '../context/active-trace.js';
import {
  activeSpan,
  isTracingSuppressed,
  spanOfContext,
  startSdkSpan,
  type SdkContext,
  type SdkSpanStart,
} from '../context/sdk-spans.js';
import { hasSdk } from '../options/sdk-detection.js';
import type { SpanAttributes } from '../records/span-record.js';
import { CallTotals } from '../trace/call-totals.js';
import type { SdkSpan } from '../trace/sdk-span.js';
import type { Span } from '../trace/span.js';
import type { Trace } from '../trace/trace.js';
import { openSpanBelow } from './open-span.js';

/** What a library is for, as in the option `spans.clients`. */
export type ClientCategory = 'databases' | 'caches' | 'llm';

/** The code that makes a call: the span that it runs in, or its trace. */
export type CallOrigin = Trace | Span;

/** What is known of a call when it begins. */
export interface ClientCallStart {
  /** Low in cardinality, without any value: `SELECT orders`, `GET`. */
  readonly name: string;
  /**
   * The stable attributes of the semantic conventions: `db.system.name`, `db.operation.name`, ….
   *
   * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/
   */
  readonly attributes: SpanAttributes;
}

/**
 * Who makes a call of a client library; `undefined` where it is not recorded: outside a trace, where
 * the application does not want it, where it is a part of what a span around it records, or where an
 * instrumentation of an OpenTelemetry SDK records it.
 *
 * Ask where the application calls the library. Later, when a pool or a queue sends the command, the
 * async context may be that of another request.
 */
export function originOfCall(category: ClientCategory): CallOrigin | undefined {
  const origin = active.getStore();
  if (origin === undefined || origin.trace.policy.clientSpans?.[category] !== true)
    return undefined;
  if ((origin as Partial<Span>).coversCalls === true || isTracingSuppressed()) return undefined;
  return hasSdk() && isRecordedBySdk() ? undefined : origin;
}

/** Whether the active span of OpenTelemetry is a call to a database or a model itself. */
function isRecordedBySdk(): boolean {
  const attributes = (activeSpan() as { attributes?: SpanAttributes } | undefined)?.attributes;
  if (attributes === undefined) return false;
  return 'db.system.name' in attributes || 'db.system' in attributes;
}

/**
 * A call of a client library. Drivers keep what they have run for a while, and V8 then keeps all that
 * hangs on it until the next full garbage collection, so a call lets go of its trace when it ends.
 */
export class ClientCall {
  private readonly startedMs: number;
  private trace: Trace | undefined;

  constructor(
    trace: Trace,
    private readonly category: ClientCategory,
    /** `undefined` where the trace has the most spans it may have, and once the call has ended. */
    public span: Span | undefined,
  ) {
    this.trace = trace;
    this.startedMs = span?.startedMs ?? performance.now();
    if (category !== 'llm') countCall(trace, category);
  }

  /** Ends the call, once. */
  end(): void {
    const { trace, span } = this;
    if (trace === undefined) return;
    this.letGo();
    span?.end();
    this.addDuration(trace, span);
  }

  /** Ends the call as failed, once. */
  fail(error?: unknown): void {
    const { trace, span } = this;
    if (trace === undefined) return;
    this.letGo();
    span?.fail(error);
    this.addDuration(trace, span);
  }

  private letGo(): void {
    this.trace = undefined;
    this.span = undefined;
  }

  private addDuration({ calls }: Trace, span: Span | undefined): void {
    if (calls === undefined || this.category === 'llm') return;
    // To ask for the time costs more than everything else here.
    const durationMs = span?.durationMs ?? performance.now() - this.startedMs;
    if (this.category === 'databases') calls.dbMs += durationMs;
    else calls.cacheMs += durationMs;
  }
}

/**
 * Runs what sends a message or adds a job: the commands to a database or a cache with which it does
 * so are its own work, and no steps.
 *
 * @param span the span of it; `undefined` where the trace has the most spans it may have.
 */
export function runCovered<T>(span: Span | undefined, fn: () => T): T {
  if (span === undefined) return fn();
  span.coversCalls = true;
  return active.run(span, fn);
}

function countCall(trace: Trace, category: 'databases' | 'caches'): void {
  const calls = (trace.calls ??= new CallTotals());
  if (category === 'databases') calls.dbCount++;
  else calls.cacheCount++;
}

/**
 * Begins a call of a client library. Its span is below the code that made it, wherever this runs,
 * and goes through the OpenTelemetry SDK where one is registered.
 *
 * @param origin what {@link originOfCall} returned where the application called the library.
 */
export function openClientCall(
  origin: CallOrigin,
  category: ClientCategory,
  { name, attributes }: ClientCallStart,
): ClientCall {
  const { trace } = origin;
  const parent = origin === trace ? undefined : (origin as Span);
  const span = openSpanBelow(trace, parent, { name, kind: 'client', attributes });
  if (span?.isListed === true && hasSdk()) startInSdk(span, origin);
  return new ClientCall(trace, category, span);
}

function startInSdk(span: Span, origin: CallOrigin): void {
  const { name, kind, attributes } = span;
  const sdkSpan = startSdkSpan({ name, kind, attributes, parent: sdkParentOf(origin) });
  if (sdkSpan === undefined) return;
  span.spanId = sdkSpan.spanContext().spanId;
  span.sdkSpan = sdkSpan;
}

/**
 * The parent in the SDK. Where the call is made, it is the active span, which may be one that the
 * application has started with OpenTelemetry. Elsewhere the active span may be of another request.
 */
function sdkParentOf(origin: CallOrigin): SdkSpanStart['parent'] {
  if (active.getStore() === origin) return undefined;
  const { trace } = origin;
  const spanOfOrigin = origin === trace ? undefined : (origin as Span).sdkSpan;
  return spanOfOrigin ?? trace.sdkSpan ?? outerSpanOf(trace) ?? null;
}

/** The span that an instrumentation of the SDK has made for the request. */
function outerSpanOf({ sdkContext }: Trace): SdkSpan | undefined {
  if (sdkContext === undefined) return undefined;
  return spanOfContext(sdkContext as SdkContext) as SdkSpan | undefined;
}
