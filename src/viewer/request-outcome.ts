import type { ViewRequest } from './view-records.js';

/** A request is slow from here on, unless the user sets another limit: milliseconds. */
export const SLOW_MS = 500;

/** The colour of a request's status: each is a class in the styles. */
export type Tone = 'ok' | 'redirect' | 'warn' | 'error' | 'running';

export function toneOf(record: ViewRequest): Tone {
  const { outcome, status_code: status } = record;
  if (outcome === undefined) return 'running';
  if (isFailure(record)) return 'error';
  if (outcome === 'aborted' || (status !== undefined && status >= 400)) return 'warn';
  return status !== undefined && status >= 300 ? 'redirect' : 'ok';
}

/** Whether it ended with a server-side failure. */
export function isFailure({ outcome, status_code: status }: ViewRequest): boolean {
  return outcome === 'errored' || (outcome !== undefined && status !== undefined && status >= 500);
}

/** Whether it was answered with 4xx: the error is the caller's. */
export function isRefused({ outcome, status_code: status = 0 }: ViewRequest): boolean {
  return outcome === 'completed' && status >= 400 && status < 500;
}

/** How a request ended, in a word: `completed`, `refused`, `errored`, `aborted`; else `running`. */
export function outcomeWord(record: ViewRequest): string {
  return isRefused(record) ? 'refused' : (record.outcome ?? 'running');
}

export function isSlow({ duration_ms: durationMs }: ViewRequest, slowMs: number): boolean {
  return durationMs !== undefined && durationMs > slowMs;
}
