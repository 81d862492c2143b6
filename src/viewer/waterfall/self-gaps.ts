/** A stretch of the time axis, in milliseconds. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The time of a span in which none of its children ran. They are in the order in which they began. */
export function selfGaps({ from, to }: Interval, children: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let covered = from;
  const addGap = (end: number): void => {
    if (end > covered) gaps.push({ from: covered, to: end });
  };
  for (const child of children) {
    addGap(Math.min(child.from, to));
    covered = Math.max(covered, child.to);
  }
  addGap(to);
  return gaps;
}
