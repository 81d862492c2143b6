import { durationText } from '../duration-text.js';
import type { Waterfall, WaterfallRow } from './waterfall.js';

/** A stretch of time in which a row itself, and none of its children, kept the trace waiting. */
export interface CriticalSegment {
  readonly row: WaterfallRow;
  readonly offsetMs: number;
  readonly durationMs: number;
}

/** A row, or equal siblings, in which most of the time of the step before was spent. */
export interface CriticalStep {
  readonly name: string;
  readonly service: string;
  /** How many equal siblings it sums up. */
  readonly count: number;
  /** How much of the critical path it and what is inside of it take. */
  readonly durationMs: number;
}

/** What a trace had to wait for. */
export interface CriticalPath {
  /** In the order of time, without overlaps: together as long as the root. */
  readonly segments: readonly CriticalSegment[];
  /** From the root to the step in which most of the time was spent; empty without rows. */
  readonly steps: readonly CriticalStep[];
  /** How long the last step takes; a root that is the only step, without its children. */
  readonly durationMs: number;
  /** That as a part of the root's time: 0 to 1. */
  readonly share: number;
}

/** A row, and when the path is inside of it. */
interface Visit {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** A step below the root is followed into what takes at least this part of its time. */
const MOST = 0.5;
/** The text has at most this many names, of at most this many characters. */
const MAX_NAMES = 6;
const MAX_NAME = 80;

/**
 * The critical path of a waterfall: from the end of its longest root backwards, always through the
 * child that ended last before. Making anything else faster would not have made the trace faster.
 * Of a child that ran beside the next one, only the time before that one began counts.
 */
export function criticalPath({ rows }: Pick<Waterfall, 'rows'>): CriticalPath {
  const children = childrenOf(rows);
  let root: number | undefined;
  for (const [index, { parent, durationMs = 0 }] of rows.entries()) {
    if (parent === undefined && durationMs > (rows[root ?? -1]?.durationMs ?? -1)) root = index;
  }
  if (root === undefined) return { segments: [], steps: [], durationMs: 0, share: 0 };
  const { offsetMs, durationMs: totalMs = 0 } = rows[root]!;
  const first: Visit = { index: root, from: offsetMs, to: offsetMs + totalMs };
  const segments: CriticalSegment[] = [];
  const inside = new Map<Visit, readonly Visit[]>();
  // Without recursion: a trace may be deeper than the stack.
  const open = [first];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const row = rows[visit.index]!;
    const visits = visitsIn(visit, rows, children[visit.index]!);
    inside.set(visit, visits);
    open.push(...visits);
    let { to } = visit;
    for (const { from, to: end } of [...visits, { from: to, to: visit.from }]) {
      if (to > end) segments.push({ row, offsetMs: end, durationMs: to - end });
      to = from;
    }
  }
  segments.sort((a, b) => a.offsetMs - b.offsetMs);
  const steps = stepsFrom(first, rows, inside);
  const lastMs = steps.length === 1 ? ownTimeOf(first, inside) : steps.at(-1)!.durationMs;
  return { segments, steps, durationMs: lastMs, share: totalMs > 0 ? lastMs / totalMs : 0 };
}

/**
 * In words, as in `GET /pay → charge → POST /charge, 82 % of the time (410 ms)`; empty without rows.
 */
export function criticalPathText({ steps, durationMs, share }: CriticalPath): string {
  if (steps.length === 0) return '';
  const names = steps.map(({ name, count }) => {
    const short = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
    return count > 1 ? `${short} ×${count}` : short;
  });
  if (names.length > MAX_NAMES) names.splice(2, names.length - MAX_NAMES + 1, '…');
  const where = steps.length === 1 ? `${names[0]} itself` : names.join(' → ');
  return `${where}, ${Math.round(share * 100)} % of the time (${durationText(durationMs)})`;
}

function childrenOf(rows: readonly WaterfallRow[]): readonly (readonly number[])[] {
  const children = rows.map((): number[] => []);
  for (const [index, { parent }] of rows.entries()) {
    if (parent !== undefined) children[parent]!.push(index);
  }
  return children;
}

/** The children that a visit waited for, the last one first. */
function visitsIn(
  { from, to }: Visit,
  rows: readonly WaterfallRow[],
  children: readonly number[],
): Visit[] {
  const visits: Visit[] = [];
  const ended = children
    // What was not waited for has no duration.
    .filter((index) => rows[index]!.durationMs !== undefined)
    .map((index) => {
      const { offsetMs, durationMs } = rows[index]!;
      return { index, from: Math.max(from, offsetMs), to: offsetMs + durationMs! };
    })
    .toSorted((a, b) => b.to - a.to);
  let until = to;
  for (const visit of ended) {
    const end = Math.min(visit.to, until);
    if (end <= visit.from) continue;
    visits.push({ ...visit, to: end });
    until = visit.from;
  }
  return visits;
}

function stepsFrom(
  first: Visit,
  rows: readonly WaterfallRow[],
  inside: ReadonlyMap<Visit, readonly Visit[]>,
): CriticalStep[] {
  const steps: CriticalStep[] = [];
  let visits: readonly Visit[] = [first];
  for (;;) {
    const { name, service } = rows[visits[0]!.index]!;
    const durationMs = timeOf(visits);
    const count = visits.reduce((sum, { index }) => sum + (rows[index]!.count ?? 1), 0);
    steps.push({ name, service, count, durationMs });
    const next = longestGroup(visits, rows, inside);
    const least = steps.length === 1 ? ownTimeOf(first, inside) : durationMs * MOST;
    if (next === undefined || timeOf(next) < least) return steps;
    visits = next;
  }
}

/** Of what is inside of some visits, the rows of one name that take most time. */
function longestGroup(
  visits: readonly Visit[],
  rows: readonly WaterfallRow[],
  inside: ReadonlyMap<Visit, readonly Visit[]>,
): readonly Visit[] | undefined {
  const groups = new Map<string, Visit[]>();
  for (const visit of visits.flatMap((outer) => inside.get(outer)!)) {
    const { service, name } = rows[visit.index]!;
    const key = `${service}\n${name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [visit]);
    else group.push(visit);
  }
  return [...groups.values()].toSorted((a, b) => timeOf(b) - timeOf(a))[0];
}

function ownTimeOf(visit: Visit, inside: ReadonlyMap<Visit, readonly Visit[]>): number {
  return timeOf([visit]) - timeOf(inside.get(visit)!);
}

function timeOf(visits: readonly Visit[]): number {
  return visits.reduce((sum, { from, to }) => sum + to - from, 0);
}
