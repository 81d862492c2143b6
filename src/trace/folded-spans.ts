/** More equal siblings than this are told as one. */
export const MAX_EQUAL_SIBLINGS = 20;
/** How many of them are told one by one all the same: the slowest. */
const KEPT_SLOWEST = 3;

/** What a group has to know of a span. */
interface GroupedSpan {
  readonly durationMs: number | undefined;
  readonly failed: boolean;
  isFolded: boolean;
}

/** The spans of one name below one parent. */
export class SpanGroup {
  count = 0;
  /** Of those that have ended. */
  totalMs = 0;
  /** Ended, not failed, and still told one by one. */
  private candidates: GroupedSpan[] = [];

  constructor(readonly startedMs: number) {}

  /** Whether its spans are told as one. */
  get isFolded(): boolean {
    return this.count > MAX_EQUAL_SIBLINGS;
  }

  /** Takes in a span that has ended. Returns how many are no longer told one by one. */
  add(span: GroupedSpan): number {
    this.totalMs += span.durationMs ?? 0;
    if (!span.failed) this.candidates.push(span);
    if (!this.isFolded || this.candidates.length <= KEPT_SLOWEST) return 0;
    this.candidates.sort((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0));
    const folded = this.candidates.splice(KEPT_SLOWEST);
    for (const one of folded) one.isFolded = true;
    return folded.length;
  }
}
