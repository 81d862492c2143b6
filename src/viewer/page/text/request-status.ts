import type { ViewRequest } from '../../view-records.js';

/** A request is slow from here on, unless the user sets another limit: milliseconds. */
export const SLOW_MS = 500;

/** The colour of a request's status: each is a class in the styles. */
export type Tone = 'ok' | 'redirect' | 'warn' | 'error' | 'running';

export function toneOf({ outcome, status_code: status }: ViewRequest): Tone {
  if (outcome === undefined) return 'running';
  if (outcome === 'errored' || (status !== undefined && status >= 500)) return 'error';
  if (outcome === 'aborted' || (status !== undefined && status >= 400)) return 'warn';
  return status !== undefined && status >= 300 ? 'redirect' : 'ok';
}

export function outcomeWord({ outcome }: ViewRequest): string {
  return outcome ?? 'running';
}

export function isSlow({ duration_ms: durationMs }: ViewRequest, slowMs: number): boolean {
  return durationMs !== undefined && durationMs > slowMs;
}
