import { isSpanId, isW3cTraceId } from '../../trace/ids.js';

/** A trace id in lower case; `undefined` for an invalid one. */
export function traceIdOf(hex: string): string | undefined {
  const id = hex.toLowerCase();
  return isW3cTraceId(id) ? id : undefined;
}

/** A span id in lower case; `undefined` for an invalid one. */
export function spanIdOf(hex: string): string | undefined {
  const id = hex.toLowerCase();
  return isSpanId(id) ? id : undefined;
}
