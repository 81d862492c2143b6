import type { ActiveSpan } from '../trace/open-trace.js';

// OpenTelemetry's API keeps its state under these names, so that an application without it loads
// nothing and one with it is seen whichever copy it registered with.
// https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/global-utils.ts
const OPENTELEMETRY = Symbol.for('opentelemetry.js.api.1');
const ACTIVE_SPAN = Symbol.for('OpenTelemetry Context Key SPAN');

interface OpenTelemetryApi {
  context?: {
    active(): { getValue(key: symbol): { spanContext(): ActiveSpan } | undefined };
  };
}

/** The span that OpenTelemetry's instrumentation has open, if an SDK is registered. */
export function activeSpan(): ActiveSpan | undefined {
  const api = (globalThis as Record<symbol, unknown>)[OPENTELEMETRY] as
    OpenTelemetryApi | undefined;
  return api?.context?.active().getValue(ACTIVE_SPAN)?.spanContext();
}
