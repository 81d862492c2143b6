const MEGABYTE = 1024 * 1024;
/** What a heap may be larger by: code that was compiled, caches that were filled. */
const TOLERATED_SHARE = 0.1;
const TOLERATED_BYTES = 2 * MEGABYTE;

export interface HeapSample {
  readonly atMs: number;
  /** After a forced collection. */
  readonly bytes: number;
}

/** Whether a heap is more than it may be, compared with before. */
export function hasGrown(before: number, after: number): boolean {
  return after > before * (1 + TOLERATED_SHARE) + TOLERATED_BYTES;
}

/**
 * By how many bytes the line through the samples rises, from the first to the last (least squares):
 * single samples hold whatever is in flight.
 */
export function riseOf(samples: readonly HeapSample[]): number {
  const count = samples.length;
  if (count < 2) return 0;
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count;
  const meanBytes = samples.reduce((sum, { bytes }) => sum + bytes, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const { atMs, bytes } of samples) {
    covariance += (atMs - meanAt) * (bytes - meanBytes);
    variance += (atMs - meanAt) ** 2;
  }
  const span = samples.at(-1)!.atMs - samples[0]!.atMs;
  return variance === 0 ? 0 : (covariance / variance) * span;
}

export function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}
