import type { ViewSpan } from '../../view-records.js';
import type { PageStore } from './page-store.js';
import { selfGaps, type Interval } from './self-gaps.js';
import type { ShownLine, ShownRequest, ShownTrace } from './shown.js';
import { spanTree, type PlacedNode, type SpanNode } from './span-tree.js';

/** A trace on one time axis. All times are as the machines told them. */
export interface Waterfall {
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly rows: readonly WaterfallRow[];
  readonly lines: readonly PlacedLine[];
  /** In the order in which they are first met in the rows. */
  readonly services: readonly string[];
}

/** A stretch of the axis. */
export interface Gap {
  readonly offsetMs: number;
  readonly durationMs: number;
}

export interface PlacedLine {
  readonly line: ShownLine;
  readonly offsetMs: number;
}

export interface WaterfallRow {
  readonly kind: 'request' | 'span';
  readonly name: string;
  readonly service: string;
  readonly depth: number;
  readonly offsetMs: number;
  /** Of a request that runs: until now. Missing for a span that its request did not wait for. */
  readonly durationMs?: number | undefined;
  readonly isFailed: boolean;
  /** How many equal siblings the row stands for. The duration is then their sum. */
  readonly count?: number | undefined;
  /** Time in which none of its children ran; of what has children. */
  readonly selfGaps: readonly Gap[];
  readonly request?: ShownRequest | undefined;
  readonly span?: ViewSpan | undefined;
}

/** What is deeper stands no further to the right. */
const MAX_DEPTH = 30;
/** A gap that is a smaller part of the axis is narrower than a pixel. */
const MIN_GAP = 1 / 1000;

/**
 * The whole trace of a request, of all services, on one time axis.
 *
 * @param now up to which what runs has run, milliseconds since the Unix epoch. Where nothing runs
 *   any more, as in an export, leave it out: then it has run up to the last that is known.
 */
export function waterfallOf(store: PageStore, request: ShownRequest, now?: number): Waterfall {
  const trace = store.traceOf(request);
  const tree = spanTree(trace);
  const ends = new Ends(tree, trace, now);
  const startedAt = tree.reduce((first, { node }) => Math.min(first, node.startedAt), Infinity);
  const axis: Axis = { startedAt, durationMs: ends.last - startedAt };
  const rows = tree.map((placed) => rowOf(placed, ends, axis));
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

/** Until when everything ran. */
class Ends {
  /** The end of the axis. */
  readonly last: number;
  private readonly now: number;

  constructor(tree: readonly PlacedNode[], { lines }: ShownTrace, now: number | undefined) {
    let last = lines.at(-1)?.record.time ?? -Infinity;
    for (const { node } of tree) {
      const end = node.startedAt + Math.max(0, node.durationMs ?? 0);
      last = Math.max(last, end, isRunningRequest(node) ? (now ?? end) : end);
    }
    this.last = last;
    this.now = now ?? last;
  }

  /** `undefined` where that is not known. */
  of(node: SpanNode): number | undefined {
    const { startedAt, durationMs } = node;
    if (durationMs !== undefined) return startedAt + Math.max(0, durationMs);
    return isRunningRequest(node) ? Math.max(startedAt, this.now) : undefined;
  }
}

function isRunningRequest({ request, durationMs }: SpanNode): boolean {
  return durationMs === undefined && request !== undefined && request.record.outcome === undefined;
}

function rowOf({ node, depth }: PlacedNode, ends: Ends, axis: Axis): WaterfallRow {
  const { name, service, request, span, startedAt } = node;
  const end = ends.of(node);
  return {
    kind: request === undefined ? 'span' : 'request',
    name,
    service,
    depth: Math.min(depth, MAX_DEPTH),
    offsetMs: startedAt - axis.startedAt,
    durationMs: end === undefined ? undefined : end - startedAt,
    isFailed: request === undefined ? span?.failed === true : request.record.outcome === 'errored',
    count: span?.count,
    selfGaps: gapsOf(node, ends, axis),
    request,
    span,
  };
}

function gapsOf(node: SpanNode, ends: Ends, axis: Axis): Gap[] {
  if (node.children.length === 0) return [];
  const own = intervalOf(node, ends, ends.last);
  const children = node.children.map((child) => intervalOf(child, ends, own.to));
  return selfGaps(own, children, axis.durationMs * MIN_GAP).map(({ from, to }) => ({
    offsetMs: from - axis.startedAt,
    durationMs: to - from,
  }));
}

/** What has no end that is known ran as long as what it is part of. */
function intervalOf(node: SpanNode, ends: Ends, otherwise: number): Interval {
  return { from: node.startedAt, to: ends.of(node) ?? otherwise };
}
