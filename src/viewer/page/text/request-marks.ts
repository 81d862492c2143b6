import type { ViewRequest } from '../../view-records.js';

/** What counts as slow where the user has not said it, milliseconds. */
export const SLOW_MS = 500;

/** How a request stands: its colour, beside the words. */
export type Tone = 'ok' | 'moved' | 'warn' | 'error' | 'running';

export function toneOf({ outcome, status }: ViewRequest): Tone {
  if (outcome === undefined) return 'running';
  if (outcome === 'errored' || (status !== undefined && status >= 500)) return 'error';
  if (outcome === 'aborted' || (status !== undefined && status >= 400)) return 'warn';
  return status !== undefined && status >= 300 ? 'moved' : 'ok';
}

export function outcomeWord({ outcome }: ViewRequest): string {
  return outcome ?? 'running';
}

export function isSlow({ durationMs }: ViewRequest, slowMs: number): boolean {
  return durationMs !== undefined && durationMs > slowMs;
}
