import type { ViewSpan } from '../view-records.js';
import { titleOf } from '../request-title.js';
import type { ViewStore } from '../store/view-store.js';
import { selfGaps, type Interval } from './self-gaps.js';
import type { ViewedLine, ViewedRequest, ViewedTrace } from '../store/viewed-records.js';
import { spanTree, type SpanNode } from './span-tree.js';

/** A trace on one time axis. Times are those of the machines, whose clocks may differ. */
export interface Waterfall {
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly rows: readonly WaterfallRow[];
  readonly lines: readonly PlacedLine[];
  /** In the order of the rows. */
  readonly services: readonly string[];
}

/** A stretch of the axis. */
interface Gap {
  readonly offsetMs: number;
  readonly durationMs: number;
}

interface PlacedLine {
  readonly line: ViewedLine;
  readonly offsetMs: number;
}

export interface WaterfallRow {
  readonly kind: 'request' | 'span';
  readonly name: string;
  readonly service: string;
  readonly depth: number;
  /** The index of the row that it ran in; missing at the top. */
  readonly parent?: number | undefined;
  readonly offsetMs: number;
  /** For a request that runs: until now. Missing for a span that its request did not wait for. */
  readonly durationMs?: number | undefined;
  readonly isFailed: boolean;
  /** For a row that sums up equal siblings: how many. The duration is then their sum. */
  readonly count?: number | undefined;
  /** The times in which none of its children ran; empty for a row without children. */
  readonly selfGaps: readonly Gap[];
  /** How long none of its children ran: all of its time where it has none. */
  readonly selfMs: number;
  readonly request?: ViewedRequest | undefined;
  readonly span?: ViewSpan | undefined;
}

/** A deeper row is not indented further. */
const MAX_DEPTH = 30;
/** A gap that is a smaller part of the axis is narrower than a pixel. */
const MIN_GAP = 1 / 1000;

/**
 * The whole trace of a request, of all services, on one time axis.
 *
 * @param now the end so far of what still runs, milliseconds since the Unix epoch. Leave it out where
 *   nothing can still run, as in an export: the end is then the last time that is known.
 */
export function waterfallOf(store: ViewStore, request: ViewedRequest, now?: number): Waterfall {
  const trace = store.traceOf(request);
  const tree = spanTree(trace);
  const ends = new Ends(tree, trace, now);
  const startedAt = tree.reduce((first, { record }) => Math.min(first, record.startedAt), Infinity);
  const axis: Axis = { startedAt, durationMs: ends.last - startedAt };
  const parents = parentsOf(tree);
  const rows = tree.map((node, index) => rowOf(node, parents[index], ends, axis));
  const lines = trace.lines.map((line) => ({
    line,
    // Its time may be known in whole milliseconds only.
    offsetMs: Math.max(0, line.record.time - startedAt),
  }));
  return { ...axis, rows, lines, services: [...new Set(rows.map(({ service }) => service))] };
}

interface Axis {
  readonly startedAt: number;
  readonly durationMs: number;
}

/** When each node ended. */
class Ends {
  /** The end of the axis. */
  readonly last: number;
  private readonly now: number;

  constructor(tree: readonly SpanNode[], { lines }: ViewedTrace, now: number | undefined) {
    let last = lines.at(-1)?.record.time ?? -Infinity;
    for (const node of tree) {
      const { startedAt, duration_ms: durationMs = 0 } = node.record;
      // The sum of siblings that overlapped is longer than the time in which they ran.
      const end = startedAt + (isSum(node) ? 0 : Math.max(0, durationMs));
      last = Math.max(last, end, isRunningRequest(node) ? (now ?? end) : end);
    }
    this.last = last;
    this.now = now ?? last;
  }

  /** `undefined` for one whose end is not known. */
  of(node: SpanNode): number | undefined {
    const { startedAt, duration_ms: durationMs } = node.record;
    if (durationMs !== undefined) return startedAt + Math.max(0, durationMs);
    return isRunningRequest(node) ? Math.max(startedAt, this.now) : undefined;
  }
}

function isSum({ record }: SpanNode): boolean {
  return record.type === 'span' && record.count !== undefined;
}

function isRunningRequest({ record }: SpanNode): boolean {
  const { type, duration_ms: durationMs } = record;
  return type === 'request' && durationMs === undefined && record.outcome === undefined;
}

/** The index of the parent of each node. In a circle, the first one has none. */
function parentsOf(tree: readonly SpanNode[]): readonly (number | undefined)[] {
  const places = new Map(tree.map((node, index) => [node, index]));
  const parents = Array.from<number | undefined>({ length: tree.length });
  for (const [index, { children }] of tree.entries()) {
    for (const child of children) {
      const place = places.get(child)!;
      if (place > index) parents[place] = index;
    }
  }
  return parents;
}

function rowOf(node: SpanNode, parent: number | undefined, ends: Ends, axis: Axis): WaterfallRow {
  const { record, request, depth } = node;
  const { type, service, startedAt } = record;
  const span = type === 'span' ? record : undefined;
  const end = ends.of(node);
  const gaps = gapsOf(node, ends);
  const ownMs = end === undefined ? 0 : end - startedAt;
  return {
    kind: type,
    name: type === 'span' ? record.name : titleOf(record),
    service,
    depth: Math.min(depth, MAX_DEPTH),
    parent,
    offsetMs: startedAt - axis.startedAt,
    durationMs: end === undefined ? undefined : end - startedAt,
    isFailed: type === 'span' ? record.failed === true : record.outcome === 'errored',
    count: span?.count,
    selfGaps: gaps
      .filter(({ from, to }) => to - from > axis.durationMs * MIN_GAP)
      .map(({ from, to }) => ({ offsetMs: from - axis.startedAt, durationMs: to - from })),
    selfMs:
      node.children.length === 0 ? ownMs : gaps.reduce((sum, { from, to }) => sum + to - from, 0),
    request,
    span,
  };
}

function gapsOf(node: SpanNode, ends: Ends): Interval[] {
  if (node.children.length === 0) return [];
  const own = intervalOf(node, ends, ends.last);
  return selfGaps(
    own,
    node.children.map((child) => intervalOf(child, ends, own.to)),
  );
}

/** A node whose end is not known is taken to have run as long as its parent. */
function intervalOf(node: SpanNode, ends: Ends, otherwise: number): Interval {
  return { from: node.record.startedAt, to: ends.of(node) ?? otherwise };
}
