import type { Step } from '../records/step.js';

/**
 * The bytes of steps on one line: with an error and its stack, such a line has 4 kB, which can be read.
 * All spans are in the trace viewer and in exports.
 */
export const MAX_STEPS_BYTES = 2400;
/** Where those that failed take more than all that, the others have this much beside them. */
const OTHERS_BYTES = 600;
/** The bytes of steps that failed and of those around them, which are kept beyond that. */
const MAX_FAILED_BYTES = 32_768;

/** The steps that are written. */
export interface FittingSteps {
  readonly steps: Step[];
  /** How many more there were. Steps that are in a `count` are not among them. */
  readonly leftOut: number;
  /** What they take in JSON. */
  readonly bytes: number;
}

/**
 * The steps that fit on a line, as a tree in depth-first order. Those that failed come first, then
 * the sums of equal ones, then those that took longest; each with the steps around it.
 *
 * @param room the bytes for them. Those that failed take more where they have to.
 */
export function stepsThatFit(steps: Step[], room: number): FittingSteps {
  const sizes = steps.map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= room) return { steps, leftOut: 0, bytes: total };
  const { parents, sums } = relationsOf(steps);
  const kept = new Set<number>();
  let bytes = 0;
  const keep = (index: number, limit: number): void => {
    const path = new Set<number>();
    for (let at = index; at !== -1 && !kept.has(at); at = parents[at]!) {
      path.add(at);
      const sum = sums[at]!;
      if (sum !== -1 && !kept.has(sum)) path.add(sum);
    }
    let added = 0;
    for (const at of path) added += sizes[at]!;
    if (bytes + added > limit) return;
    bytes += added;
    for (const at of path) kept.add(at);
  };
  const order = [...steps.keys()];
  const failed = order.filter((at) => steps[at]!.failed === true);
  for (const at of failed) if (saysWhy(steps[at]!)) keep(at, MAX_FAILED_BYTES);
  for (const at of failed) keep(at, MAX_FAILED_BYTES);
  // The line is a long one then, and what took long explains it as well.
  const most = bytes > MAX_STEPS_BYTES ? Math.min(bytes + OTHERS_BYTES, MAX_FAILED_BYTES) : room;
  for (const at of order) if (steps[at]!.count !== undefined) keep(at, most);
  const slowest = order.toSorted((a, b) => weightOf(steps[b]!) - weightOf(steps[a]!));
  for (const at of slowest) keep(at, most);
  let leftOut = 0;
  for (const at of order) {
    if (kept.has(at)) continue;
    const { count } = steps[at]!;
    if (count !== undefined) leftOut += count;
    else if (sums[at] === -1) leftOut++;
  }
  return { steps: steps.filter((_, at) => kept.has(at)), leftOut, bytes };
}

function saysWhy({ error, status }: Step): boolean {
  return error !== undefined || status !== undefined;
}

/** A step that did not end may be what the request was waiting for. */
function weightOf({ duration_ms: durationMs }: Step): number {
  return durationMs ?? Number.MAX_VALUE;
}

/** For each step the indexes of the one around it, and of the sum that it is a part of; -1 for none. */
function relationsOf(steps: readonly Step[]): { parents: number[]; sums: number[] } {
  const around: number[] = [];
  const parents: number[] = [];
  const sums: number[] = [];
  const sumOfSiblings = new Map<string, number>();
  for (const [index, { name, depth = 0, count }] of steps.entries()) {
    while (around.length > 0 && (steps[around.at(-1)!]!.depth ?? 0) >= depth) around.pop();
    const parent = around.at(-1) ?? -1;
    const siblings = `${parent} ${name}`;
    parents.push(parent);
    sums.push(count === undefined ? (sumOfSiblings.get(siblings) ?? -1) : -1);
    if (count === undefined) around.push(index);
    else sumOfSiblings.set(siblings, index);
  }
  return { parents, sums };
}

/** The bytes of a step in a list in JSON. */
function sizeOf(step: Step): number {
  return Buffer.byteLength(JSON.stringify(step)) + 1;
}
