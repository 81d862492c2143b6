import type { SpanRecord } from '../records/span-record.js';
import type { SpanGroup } from './folded-spans.js';
import type { Span } from './span.js';

/**
 * Whether spans in the order in which they began are a tree in depth-first order already: code that runs
 * one after the other begins them like that.
 */
export function isDepthFirst(spans: readonly Span[]): boolean {
  for (let i = 1; i < spans.length; i++) {
    const { parent, depth } = spans[i]!;
    let before: Span | undefined = spans[i - 1];
    while (before !== undefined && before.depth >= depth) before = before.parent;
    if (before !== parent) return false;
  }
  return true;
}

/**
 * Spans as a tree in depth-first order, with a record for each group of siblings that is folded.
 *
 * @param spans in the order in which they began.
 */
export function recordsOf(
  spans: readonly Span[],
  groupOf: (span: Span) => SpanGroup | undefined,
): SpanRecord[] {
  const children = childrenOf(spans);
  const folded = new Set<SpanGroup>();
  const records: SpanRecord[] = [];
  // The next one is at the end. A loop, because a trace may be deeper than the stack.
  const waiting = children.get(undefined)?.toReversed() ?? [];
  for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
    const group = groupOf(span);
    if (group?.isFolded === true && !folded.has(group)) {
      folded.add(group);
      records.push(foldedRecord(span, group));
    }
    records.push(span);
    const inner = children.get(span);
    for (let i = (inner?.length ?? 0) - 1; i >= 0; i--) waiting.push(inner![i]!);
  }
  return records;
}

/** The spans below each parent, in the order in which they began. */
function childrenOf(spans: readonly Span[]): Map<Span | undefined, Span[]> {
  const children = new Map<Span | undefined, Span[]>();
  for (const span of spans) {
    const siblings = children.get(span.parent);
    if (siblings === undefined) children.set(span.parent, [span]);
    else siblings.push(span);
  }
  return children;
}

/** The record of a group of folded siblings, made from any one of them. */
function foldedRecord(
  { name, kind, parentSpanId, depth }: Span,
  { startedMs, totalMs, count }: SpanGroup,
): SpanRecord {
  return {
    name,
    kind,
    spanId: undefined,
    parentSpanId,
    depth,
    startedMs,
    durationMs: totalMs,
    selfMs: undefined,
    hasChildren: false,
    count,
    failed: false,
    error: undefined,
    attributes: undefined,
  };
}
