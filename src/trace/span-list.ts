import { Span } from './span.js';
import { SpanGroup } from './folded-spans.js';
import { boundedStart, MAX_SPANS, MAX_SPANS_TEXT, textOfSpan } from './span-limits.js';
import type { SpanRecord, SpanStart } from '../records/span-record.js';
import type { KeptSpans, Trace } from './trace.js';

/**
 * The spans of a trace. They are bounded in number, and in what their names and attributes hold; equal siblings are folded, except those that
 * failed.
 */
export class SpanList implements KeptSpans {
  /** The number of spans beyond the limit, which were not recorded. */
  dropped = 0;

  /** In the order in which they began, so that a parent precedes its children. */
  private spans: Span[] = [];
  /** The characters that they hold. */
  private text = 0;
  private hasFolded = false;
  private readonly rootGroups = new Map<string, SpanGroup>();

  constructor(private readonly trace: Trace) {}

  /**
   * As a tree in depth-first order: each span is below its parent, siblings are in the order in
   * which they began. Folded siblings are one record, directly before the first of them that is
   * still kept as a single span.
   */
  get records(): readonly SpanRecord[] {
    this.compact();
    const children = childrenOf(this.spans);
    const folded = new Set<SpanGroup>();
    const records: SpanRecord[] = [];
    // The next one is at the end. A loop, because a trace may be deeper than the stack.
    const waiting = children.get(undefined)?.toReversed() ?? [];
    for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
      const group = this.groupOf(span);
      if (group.isFolded && !folded.has(group)) {
        folded.add(group);
        records.push(foldedRecord(span, group));
      }
      records.push(span);
      const inner = children.get(span);
      for (let i = (inner?.length ?? 0) - 1; i >= 0; i--) waiting.push(inner![i]!);
    }
    return records;
  }

  /** Starts a span. Returns `undefined` if a limit is reached. */
  open(given: SpanStart, parent: Span | undefined, onEnd: (span: Span) => void): Span | undefined {
    const start = boundedStart(given);
    const text = textOfSpan(start);
    if (!this.hasRoom(text)) {
      this.compact();
      if (!this.hasRoom(text)) {
        this.dropped++;
        return undefined;
      }
    }
    this.text += text;
    const span = new Span(this.trace, parent, start, onEnd);
    this.spans.push(span);
    // Its parent may have been folded and removed while code that it had started still runs.
    this.hasFolded ||= parent?.isFolded === true;
    this.groupOf(span).count++;
    return span;
  }

  /** Adds a span that has ended to the group of its siblings. */
  close(span: Span): void {
    if (this.groupOf(span).add(span) > 0) this.hasFolded = true;
  }

  /** The group of a span and its equal siblings. */
  groupOf({ name, parent, startedMs }: Span): SpanGroup {
    const groups =
      parent === undefined ? this.rootGroups : (parent.groups ??= new Map<string, SpanGroup>());
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = new SpanGroup(startedMs)));
    return group;
  }

  private hasRoom(text: number): boolean {
    return this.spans.length < MAX_SPANS && this.text + text <= MAX_SPANS_TEXT;
  }

  /** Removes the folded spans and everything below them. */
  private compact(): void {
    if (!this.hasFolded) return;
    this.hasFolded = false;
    this.spans = this.spans.filter((span) => {
      // Parents precede their children, so this reaches all descendants.
      span.isFolded ||= span.parent?.isFolded === true;
      return !span.isFolded;
    });
    this.text = 0;
    for (const span of this.spans) this.text += textOfSpan(span);
  }
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
