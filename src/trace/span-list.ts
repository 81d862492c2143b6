import { Span } from './span.js';
import { SpanGroup } from './folded-spans.js';
import type { SpanRecord, SpanStart } from '../records/span-record.js';
import type { KeptSpans, Trace } from './trace.js';

/** More spans than this are run but not kept: a loop must not fill the memory. */
export const MAX_SPANS = 1000;

/** The spans of a trace: bounded, with equal siblings folded and every failed one kept. */
export class SpanList implements KeptSpans {
  /** Spans beyond the limit, which were run but not kept. */
  dropped = 0;

  private spans: Span[] = [];
  private hasFolded = false;
  private readonly rootGroups = new Map<string, SpanGroup>();

  constructor(private readonly trace: Trace) {}

  /**
   * In the order in which they began. Folded siblings are one record, in front of the first of them
   * that is still kept by itself.
   */
  get records(): readonly SpanRecord[] {
    this.compact();
    const folded = new Set<SpanGroup>();
    const records: SpanRecord[] = [];
    for (const span of this.spans) {
      const group = this.groupOf(span);
      if (group.isFolded && !folded.has(group)) {
        folded.add(group);
        records.push(foldedRecord(span, group));
      }
      records.push(span);
    }
    return records;
  }

  /** Begins a span, unless there are as many as there may be. */
  open(start: SpanStart, parent: Span | undefined, onEnd: (span: Span) => void): Span | undefined {
    if (this.spans.length >= MAX_SPANS) {
      this.compact();
      if (this.spans.length >= MAX_SPANS) {
        this.dropped++;
        return undefined;
      }
    }
    const span = new Span(this.trace, parent, start, onEnd);
    this.spans.push(span);
    this.groupOf(span).count++;
    return span;
  }

  /** Takes note that a span has ended. */
  close(span: Span): void {
    if (this.groupOf(span).add(span) > 0) this.hasFolded = true;
  }

  /** The equal siblings of a span, itself among them. */
  groupOf({ name, parent, startedMs }: Span): SpanGroup {
    const groups =
      parent === undefined ? this.rootGroups : (parent.groups ??= new Map<string, SpanGroup>());
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = new SpanGroup(startedMs)));
    return group;
  }

  /** Lets go of what is folded, and of all that happened inside it. */
  private compact(): void {
    if (!this.hasFolded) return;
    this.hasFolded = false;
    this.spans = this.spans.filter((span) => {
      // A parent stands before its children, so this reaches all of them.
      span.isFolded ||= span.parent?.isFolded === true;
      return !span.isFolded;
    });
  }
}

/** The sum of equal siblings, of which one is given. */
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
