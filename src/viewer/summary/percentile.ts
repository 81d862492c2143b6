/**
 * The value below or at which a share of the values is (nearest rank); `undefined` of none.
 *
 * @param sorted the smallest first.
 * @param share 0 to 1, as 0.95.
 */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
