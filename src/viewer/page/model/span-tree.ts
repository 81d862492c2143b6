import type { ViewSpan } from '../../view-records.js';
import type { ShownRequest, ShownTrace } from './shown.js';
import { titleOf } from './titles.js';

/** A request or a span, with what ran inside it. */
export interface SpanNode {
  readonly name: string;
  readonly service: string;
  readonly startedAt: number;
  /** Missing for one whose end is not known. */
  readonly durationMs: number | undefined;
  readonly parentSpanId: string | undefined;
  readonly request?: ShownRequest;
  readonly span?: ViewSpan;
  /** In the order in which they began. */
  readonly children: SpanNode[];
}

/** A node and how many others it is inside of. */
export interface PlacedNode {
  readonly node: SpanNode;
  readonly depth: number;
}

/**
 * The requests and spans of a trace, each behind its parent and in front of what began later. One
 * whose parent is not known stands by itself, and so does one of a circle.
 */
export function spanTree({ requests, spans }: ShownTrace): PlacedNode[] {
  const nodes: SpanNode[] = [];
  const byId = new Map<string, SpanNode>();
  const add = (node: SpanNode, id: string | undefined): void => {
    nodes.push(node);
    if (id !== undefined && !byId.has(id)) byId.set(id, node);
  };
  const addSpan = (span: ViewSpan, parentSpanId: string | undefined): void => {
    // The same span may be told by its request, by itself, and as a request.
    if (span.spanId === undefined || !byId.has(span.spanId)) {
      add(spanNode(span, parentSpanId), span.spanId);
    }
  };
  for (const request of requests) add(requestNode(request), request.record.spanId);
  for (const { record } of requests) {
    for (const span of record.spans ?? []) addSpan(span, span.parentSpanId ?? record.spanId);
  }
  for (const span of spans) addSpan(span, span.parentSpanId);
  nodes.sort((a, b) => a.startedAt - b.startedAt);
  return placed(nodes, byId);
}

function placed(nodes: readonly SpanNode[], byId: ReadonlyMap<string, SpanNode>): PlacedNode[] {
  const parents = new Map<SpanNode, SpanNode>();
  for (const node of nodes) {
    const parent = node.parentSpanId === undefined ? undefined : byId.get(node.parentSpanId);
    if (parent === undefined || parent === node) continue;
    parents.set(node, parent);
    parent.children.push(node);
  }
  const rows: PlacedNode[] = [];
  const seen = new Set<SpanNode>();
  for (const node of nodes) if (!parents.has(node)) walk(node, rows, seen);
  for (const node of nodes) walk(node, rows, seen);
  return rows;
}

/** Without recursion: a trace may be deeper than the stack. */
function walk(root: SpanNode, rows: PlacedNode[], seen: Set<SpanNode>): void {
  const open: PlacedNode[] = [{ node: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (seen.has(node)) continue;
    seen.add(node);
    rows.push(next);
    for (const child of node.children.toReversed()) open.push({ node: child, depth: depth + 1 });
  }
}

function requestNode(request: ShownRequest): SpanNode {
  const { record } = request;
  const { service, startedAt, durationMs, parentSpanId } = record;
  const name = titleOf(record);
  return { name, service, startedAt, durationMs, parentSpanId, request, children: [] };
}

function spanNode(span: ViewSpan, parentSpanId: string | undefined): SpanNode {
  const { name, service, startedAt, durationMs } = span;
  return { name, service, startedAt, durationMs, parentSpanId, span, children: [] };
}
