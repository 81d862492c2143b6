/** A figure for a table; one that could not be taken is a dash. */
export function shown(figure: number, digits = 0): string {
  return Number.isFinite(figure) ? figure.toFixed(digits) : '–';
}

/** A figure, and whether it is as low as it is to be. */
export function judged(figure: number, atMost: number, digits = 0): string {
  if (!Number.isFinite(figure)) return shown(figure);
  const limit = Number(atMost.toFixed(Math.max(digits, 2)));
  return `${shown(figure, digits)} (≤ ${limit} ${figure <= atMost ? 'reached' : 'missed'})`;
}

// What rounds differ by on a machine that does other things too.
const tolerance = 1.25;

/** Whether a cost stays where it is while what it is measured for grows. */
export function isFlat(costs: readonly number[]): boolean {
  return costs.every((cost, i) => i === 0 || cost <= Math.min(...costs.slice(0, i)) * tolerance);
}

/** Whether a cost grows no faster than a count: from each count to the next, and so over all. */
export function isLinear(counts: readonly number[], costs: readonly number[]): boolean {
  return costs.every(
    (cost, i) => i === 0 || cost / costs[i - 1]! <= (counts[i]! / counts[i - 1]!) * tolerance,
  );
}
