import type { ViewRequest, ViewSpan } from '../view-records.js';
import type { ViewedRequest, ViewedTrace } from '../store/viewed-records.js';

/** A request or a span in its place in the trace. */
export interface SpanNode {
  readonly record: ViewRequest | ViewSpan;
  /** The request; missing for a span. */
  readonly request?: ViewedRequest | undefined;
  readonly parentSpanId: string | undefined;
  /** How many others it is inside of. */
  depth: number;
  /** In the order in which they began. */
  readonly children: SpanNode[];
}

/**
 * The requests and spans of a trace, each after its parent and before what began later. One whose
 * parent is not known is at the top, and so is one of a circle.
 */
export function spanTree({ requests, spans }: ViewedTrace): readonly SpanNode[] {
  const nodes: SpanNode[] = [];
  const byId = new Map<string, SpanNode>();
  const add = (
    record: ViewRequest | ViewSpan,
    parentSpanId: string | undefined,
    request?: ViewedRequest,
  ): void => {
    const node: SpanNode = { record, request, parentSpanId, depth: 0, children: [] };
    nodes.push(node);
    if (record.spanId !== undefined && !byId.has(record.spanId)) byId.set(record.spanId, node);
  };
  const addSpan = (span: ViewSpan, parentSpanId: string | undefined): void => {
    // The same span may come with its request, by itself, and as a request.
    if (span.spanId === undefined || !byId.has(span.spanId)) add(span, parentSpanId);
  };
  for (const request of requests) add(request.record, request.record.parentSpanId, request);
  for (const { record } of requests) {
    for (const span of record.spans ?? []) addSpan(span, span.parentSpanId ?? record.spanId);
  }
  for (const span of spans) addSpan(span, span.parentSpanId);
  nodes.sort((a, b) => a.record.startedAt - b.record.startedAt);
  return inTreeOrder(nodes, byId);
}

function inTreeOrder(
  nodes: readonly SpanNode[],
  byId: ReadonlyMap<string, SpanNode>,
): readonly SpanNode[] {
  const withParent = new Set<SpanNode>();
  for (const node of nodes) {
    const parent = node.parentSpanId === undefined ? undefined : byId.get(node.parentSpanId);
    if (parent === undefined || parent === node) continue;
    withParent.add(node);
    parent.children.push(node);
  }
  const ordered = new Set<SpanNode>();
  for (const node of nodes) if (!withParent.has(node)) walk(node, ordered);
  // What is left is in circles.
  for (const node of nodes) walk(node, ordered);
  return [...ordered];
}

/** Without recursion: a trace may be deeper than the stack. */
function walk(root: SpanNode, ordered: Set<SpanNode>): void {
  const open: { readonly node: SpanNode; readonly depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (ordered.has(node)) continue;
    ordered.add(node);
    node.depth = depth;
    for (const child of node.children.toReversed()) open.push({ node: child, depth: depth + 1 });
  }
}
