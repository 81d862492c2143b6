import { guardCallback } from '../options/guard-callback.js';
import type { ActiveSpan, SdkSpan, SdkSpanKind } from '../trace/sdk-span.js';
import { withoutOwnFrames } from '../records/own-frames.js';
import { SPAN_KIND_NUMBERS } from '../records/span-kinds.js';
import type { SpanAttributes } from '../records/span-record.js';

// OpenTelemetry's API keeps its state under these names, so that an application without it loads
// nothing, and one with it is seen whichever copy it registered with.
// https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/global-utils.ts
const API = Symbol.for('opentelemetry.js.api.1');
const ACTIVE_SPAN = Symbol.for('OpenTelemetry Context Key SPAN');
const SUPPRESS_TRACING = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
const TRACER = 'nestjs-tracing';
const STATUS_ERROR = 2;

/** The context of an OpenTelemetry SDK. */
export interface SdkContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): SdkContext;
  deleteValue(key: symbol): SdkContext;
}

interface OpenTelemetryApi {
  readonly context?: {
    active(): SdkContext;
    with<T>(context: SdkContext, fn: () => T): T;
  };
  /** Present once an SDK is registered. */
  readonly trace?: {
    getTracer(name: string): {
      startSpan(
        name: string,
        options: { kind: number; attributes?: SpanAttributes | undefined },
        context?: SdkContext,
      ): SdkSpan;
    };
  };
}

function api(): OpenTelemetryApi | undefined {
  return (globalThis as Record<symbol, unknown>)[API] as OpenTelemetryApi | undefined;
}

/** The active span of OpenTelemetry, if an SDK is registered. */
export function activeSpan(): SdkSpan | undefined {
  return api()?.context?.active().getValue(ACTIVE_SPAN) as SdkSpan | undefined;
}

/** The active context of OpenTelemetry, if an SDK is registered. */
export function activeSdkContext(): SdkContext | undefined {
  const { trace, context } = api() ?? {};
  return trace === undefined ? undefined : context?.active();
}

/** Runs a function in a context of OpenTelemetry. */
export function runInSdkContext<T>(context: SdkContext, fn: () => T): T {
  const sdk = api()?.context;
  // A stand-in of a test may have no more than what it is asked for.
  return typeof sdk?.with === 'function' ? sdk.with(context, fn) : fn();
}

/** The span of an OpenTelemetry context. */
export function spanOfContext(context: Pick<SdkContext, 'getValue'>): object | undefined {
  return context.getValue(ACTIVE_SPAN) as object | undefined;
}

/** What a span of the SDK is started with. */
export interface SdkSpanStart {
  readonly name: string;
  readonly kind: SdkSpanKind;
  readonly attributes?: SpanAttributes | undefined;
  /**
   * A span of this process, the caller in another process, or `null` for none. Default: the active
   * span.
   */
  readonly parent?: SdkSpan | ActiveSpan | null | undefined;
}

/**
 * Starts a span through the SDK that is registered; `undefined` where none is. Its samplers and
 * processors are the user's own and may throw.
 */
export const startSdkSpan = guardCallback('OpenTelemetry', beginSpan);

function beginSpan(start: SdkSpanStart): SdkSpan | undefined {
  const { trace, context } = api() ?? {};
  if (trace === undefined || context === undefined) return undefined;
  const { kind, attributes, parent } = start;
  // The name of a call is its method alone there, because names should have few values.
  const method = kind === 'client' ? attributes?.['http.request.method'] : undefined;
  const name = typeof method === 'string' ? method : start.name;
  const span = trace
    .getTracer(TRACER)
    .startSpan(
      name,
      { kind: SPAN_KIND_NUMBERS[kind], attributes },
      contextBelow(context.active(), parent),
    );
  // Without an SDK, the API makes spans whose id is all zeros.
  return /[1-9a-f]/.test(span.spanContext().spanId) ? span : undefined;
}

function contextBelow(active: SdkContext, parent: SdkSpanStart['parent']): SdkContext {
  if (parent === undefined) return active;
  if (parent === null) return active.deleteValue(ACTIVE_SPAN);
  if ('spanContext' in parent) return active.setValue(ACTIVE_SPAN, parent);
  return active.setValue(ACTIVE_SPAN, {
    spanContext: () => ({ ...parent, isRemote: true }),
    isRecording: () => false,
  });
}

/** Runs a function with a span of the SDK active: spans that others start in it are its children. */
export function runWithSdkSpan<T>(span: SdkSpan | undefined, fn: () => T): T {
  const context = span === undefined ? undefined : api()?.context;
  if (context === undefined) return fn();
  return context.with(context.active().setValue(ACTIVE_SPAN, span), fn);
}

/** Returns a function that runs others with the span of the SDK that is active now, or with none. */
export function activeSpanRunner(): <T>(fn: () => T) => T {
  const { context } = api() ?? {};
  if (context === undefined) return (fn) => fn();
  const span = context.active().getValue(ACTIVE_SPAN);
  return (fn) => {
    const active = context.active();
    const entered =
      span === undefined ? active.deleteValue(ACTIVE_SPAN) : active.setValue(ACTIVE_SPAN, span);
    return context.with(entered, fn);
  };
}

/** Ends a span of the SDK. */
export const endSdkSpan = guardCallback(
  'OpenTelemetry',
  (span: SdkSpan, hasFailed: boolean, error?: unknown): void => {
    try {
      if (hasFailed) failSpan(span, error);
    } finally {
      span.end();
    }
  },
);

function failSpan(span: SdkSpan, error: unknown): void {
  const message = error instanceof Error ? error.message : undefined;
  span.setStatus({ code: STATUS_ERROR, ...(message !== undefined && { message }) });
  if (typeof error === 'string') span.recordException(error);
  else if (error instanceof Error) span.recordException(withShownStack(error));
}

/** The error, or one like it if its stack has frames of this package. */
function withShownStack(error: Error): Error {
  const stack = withoutOwnFrames(error.stack);
  if (stack === error.stack) return error;
  return Object.create(error, { stack: { value: stack } }) as Error;
}

/**
 * Whether OpenTelemetry has turned tracing off for the running code. SDKs do so around exports of
 * spans, metrics and log records.
 *
 * @see https://github.com/open-telemetry/opentelemetry-js/blob/main/packages/opentelemetry-core/src/trace/suppress-tracing.ts
 */
export function isTracingSuppressed(): boolean {
  return api()?.context?.active().getValue(SUPPRESS_TRACING) === true;
}

/** Runs a function in the empty context of OpenTelemetry: no span is active in it, and no baggage. */
export function runInRootContext<T>(fn: () => T): T {
  const context = api()?.context;
  // A part of the API is enough for what only reads spans.
  if (typeof context?.with !== 'function') return fn();
  // The API does not share its root context. Its only class of contexts makes an empty one.
  const Context = context.active().constructor as new () => SdkContext;
  return context.with(new Context(), fn);
}
