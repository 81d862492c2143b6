import { Span } from './span.js';
import { MAX_EQUAL_SIBLINGS, SpanGroups } from './folded-spans.js';
import { isDepthFirst, recordsOf } from './span-records.js';
import { boundedStart, fittingText, MAX_SPANS, MAX_SPANS_TEXT, textOfSpan } from './span-limits.js';
import { shortLivedArray } from '../records/short-lived-array.js';
import type { SpanRecord, SpanStart } from '../records/span-record.js';
import type { KeptSpans, Trace } from './trace.js';

/**
 * The spans of a trace. They are bounded in number, and in what their names and attributes hold; equal
 * siblings are folded, except those that failed and those with a failed one below them. A span beyond the
 * limit is recorded only if it fails: it then takes the place of one that did not.
 */
export class SpanList implements KeptSpans {
  /** The number of spans beyond the limit, which were not recorded. */
  dropped = 0;

  /** In the order in which they began, so that a parent precedes its children. */
  private spans = shortLivedArray<Span>();
  /** The characters that they hold. */
  private text = 0;
  private hasFolded = false;
  /** Whether a span was added that began before others in the list. */
  private isUnordered = false;
  private opened = 0;
  /** The spans beyond the limit that are running, and the characters that they hold. */
  private unlisted = 0;
  private unlistedText = 0;
  /** `undefined` as long as there are too few spans for one to be folded. Most traces have no more. */
  private groups: SpanGroups | undefined = undefined;

  constructor(private readonly trace: Trace) {}

  /**
   * As a tree in depth-first order: each span is below its parent, siblings are in the order in
   * which they began. Folded siblings are one record, directly before the first of them that is
   * still kept as a single span.
   */
  get records(): readonly SpanRecord[] {
    this.compact();
    const { spans, groups } = this;
    if (groups === undefined && isDepthFirst(spans)) return spans.slice();
    return recordsOf(spans, (span) => groups?.of(span));
  }

  /**
   * Starts a span. Where a limit is reached, it is not listed; `undefined` where too many of those
   * are running.
   */
  open(given: SpanStart, above: Span | undefined, onEnd: (span: Span) => void): Span | undefined {
    let start = given;
    let text = fittingText(given);
    if (text === undefined) {
      start = boundedStart(given);
      text = textOfSpan(start);
    }
    const parent = listedFrom(above);
    if (!this.hasRoom(text)) {
      this.compact();
      if (!this.hasRoom(text)) return this.openUnlisted(start, text, parent, onEnd);
    }
    // Code that it had started begins a span when it has ended itself.
    for (let up = parent; up?.isLeftOut === true; up = up.parent) this.takeBack(up);
    if (this.opened === MAX_EQUAL_SIBLINGS) this.group();
    const span = new Span(this.trace, parent, start, onEnd);
    span.order = this.opened++;
    this.spans.push(span);
    this.text += text;
    // Its parent may have been folded and removed while code that it had started still runs.
    this.hasFolded ||= parent?.isFolded === true;
    this.countIn(span);
    return span;
  }

  /** Adds a span that has ended to the group of its siblings, or leaves it out. */
  close(span: Span): void {
    if (!span.isListed && !this.listIfFailed(span)) return;
    if (span.failed) this.keepPathTo(span);
    else if (isNegligible(span)) {
      this.leaveOut(span);
      return;
    }
    if (this.groups !== undefined && this.groups.of(span).add(span) > 0) this.hasFolded = true;
  }

  /** Begins to group the spans: from now on, one of the groups may become large enough. */
  private group(): void {
    if (this.groups !== undefined) return;
    const groups = new SpanGroups();
    this.groups = groups;
    for (const span of this.spans) {
      if (span.isLeftOut) continue;
      const group = groups.of(span);
      group.count++;
      if (span.durationMs !== undefined) group.add(span);
    }
  }

  private countIn(span: Span): void {
    if (this.groups !== undefined) this.groups.of(span).count++;
    if (span.parent !== undefined) span.parent.childCount++;
  }

  private hasRoom(text: number, count = 1): boolean {
    return this.spans.length + count <= MAX_SPANS && this.text + text <= MAX_SPANS_TEXT;
  }

  private openUnlisted(
    start: SpanStart,
    text: number,
    parent: Span | undefined,
    onEnd: (span: Span) => void,
  ): Span | undefined {
    this.dropped++;
    if (this.unlisted >= MAX_SPANS || this.unlistedText + text > MAX_SPANS_TEXT) return undefined;
    this.unlisted++;
    this.unlistedText += text;
    this.group();
    const span = new Span(this.trace, parent, start, onEnd);
    span.order = this.opened++;
    span.isListed = false;
    return span;
  }

  /** Ends a span that was beyond the limit. Returns whether it has failed and been listed. */
  private listIfFailed(span: Span): boolean {
    this.unlisted--;
    this.unlistedText -= textOfSpan(span);
    if (!span.failed) return false;
    // Those around it may have been displaced since it began.
    const path: Span[] = [];
    let text = 0;
    let above: Span | undefined = span;
    for (; above?.isListed === false; above = above.parent) {
      path.push(above);
      text += textOfSpan(above);
    }
    // Before room is made, so that it is not made of them.
    if (above !== undefined) this.keepPathTo(above);
    this.compact();
    while (!this.hasRoom(text, path.length)) {
      if (!this.displaceOne()) return false;
    }
    for (const one of path.toReversed()) this.list(one, one !== span);
    return true;
  }

  /** Lists a span that was beyond the limit, or that was displaced. */
  private list(span: Span, isAround: boolean): void {
    if (isAround && span.durationMs === undefined) {
      this.unlisted--;
      this.unlistedText -= textOfSpan(span);
    }
    this.dropped--;
    span.isListed = true;
    this.countIn(span);
    this.insert(span);
  }

  /**
   * Removes the last span that does not lead to a failure and has nothing below it. Returns whether
   * there was one.
   */
  private displaceOne(): boolean {
    const at = this.spans.findLastIndex(
      (span) =>
        !span.leadsToFailure && span.childCount === 0 && this.groups?.of(span).isFolded !== true,
    );
    const [span] = at === -1 ? [] : this.spans.splice(at, 1);
    if (span === undefined) return false;
    const text = textOfSpan(span);
    this.text -= text;
    this.dropped++;
    this.uncount(span);
    span.isListed = false;
    if (span.durationMs !== undefined) return true;
    // It may fail itself.
    this.unlisted++;
    this.unlistedText += text;
    return true;
  }

  /** Keeps a span that has failed and all above it, also if one of them was folded before. */
  private keepPathTo(failed: Span): void {
    let span: Span | undefined = failed;
    for (; span !== undefined && !span.leadsToFailure; span = span.parent) {
      span.leadsToFailure = true;
      this.takeBack(span);
    }
  }

  private takeBack(span: Span): void {
    if (!span.isFolded) return;
    span.isFolded = false;
    if (span.isLeftOut) this.countIn(span);
    span.isLeftOut = false;
    if (span.isRemoved) this.insert(span);
    span.isRemoved = false;
  }

  private insert(span: Span): void {
    this.spans.push(span);
    this.text += textOfSpan(span);
    this.isUnordered = true;
  }

  private leaveOut(span: Span): void {
    this.uncount(span);
    span.isLeftOut = true;
    span.isFolded = true;
    this.hasFolded = true;
  }

  private uncount(span: Span): void {
    this.groups?.remove(span);
    if (span.parent !== undefined) span.parent.childCount--;
  }

  /** Removes the folded spans and everything below them. */
  private compact(): void {
    if (this.isUnordered) {
      this.isUnordered = false;
      this.spans.sort((a, b) => a.order - b.order);
    }
    if (!this.hasFolded) return;
    this.hasFolded = false;
    this.spans = this.spans.filter((span) => {
      // Parents precede their children, so this reaches all descendants.
      span.isFolded ||= span.parent?.isFolded === true;
      span.isRemoved = span.isFolded;
      return !span.isFolded;
    });
    this.text = 0;
    for (const span of this.spans) this.text += textOfSpan(span);
  }
}

/** A span, or the nearest one above it, that is among the spans of its trace. */
function listedFrom(span: Span | undefined): Span | undefined {
  let listed = span;
  while (listed?.isListed === false) listed = listed.parent;
  return listed;
}

function isNegligible({ minMs, durationMs = 0, childCount, leadsToFailure }: Span): boolean {
  return minMs !== undefined && durationMs < minMs && childCount === 0 && !leadsToFailure;
}
