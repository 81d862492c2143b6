import type { ViewRequest } from '../view-records.js';

/** Whether a request that has ended failed, was aborted or was slow. */
export function isNotableRequest(
  { outcome, duration_ms: durationMs = 0 }: Pick<ViewRequest, 'outcome' | 'duration_ms'>,
  slowerThanMs: number,
): boolean {
  return (outcome !== undefined && outcome !== 'completed') || durationMs > slowerThanMs;
}
