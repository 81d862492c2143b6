// OpenTelemetry's API keeps its state under this name, whichever copy of it an SDK registered with.
// https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/global-utils.ts
const API = Symbol.for('opentelemetry.js.api.1');

/** Whether an OpenTelemetry SDK is registered: spans are then made, and exported, by it. */
export function hasSdk(): boolean {
  const api = (globalThis as Record<symbol, unknown>)[API] as { trace?: unknown } | undefined;
  return api?.trace !== undefined;
}
