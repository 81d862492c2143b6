/** If a parent has more equal children than this, they are folded into one record. */
export const MAX_EQUAL_SIBLINGS = 20;
/** How many folded siblings are also kept as single spans: the slowest ones. */
const KEPT_SLOWEST = 3;

/** The part of a span that a group reads and sets. */
interface GroupedSpan {
  readonly name: string;
  readonly startedMs: number;
  readonly parent: GroupedSpan | undefined;
  /** The groups of the spans below it. */
  groups: Map<string, SpanGroup> | undefined;
  readonly durationMs: number | undefined;
  readonly leadsToFailure: boolean;
  isFolded: boolean;
}

/** The spans of the same name below the same parent. */
export class SpanGroup {
  count = 0;
  /** The summed duration of the spans that have ended. */
  totalMs = 0;
  /** Spans that have ended and are not folded, without those that lead to a failure. */
  private candidates: GroupedSpan[] = [];

  constructor(readonly startedMs: number) {}

  /** Whether the group has become large enough to be folded. */
  get isFolded(): boolean {
    return this.count > MAX_EQUAL_SIBLINGS;
  }

  /** Adds a span that has ended. Returns how many spans this has folded. */
  add(span: GroupedSpan): number {
    this.totalMs += span.durationMs ?? 0;
    if (!span.leadsToFailure) this.candidates.push(span);
    if (!this.isFolded || this.candidates.length <= KEPT_SLOWEST) return 0;
    // One below a span may fail after that has ended.
    this.candidates = this.candidates.filter((one) => !one.leadsToFailure);
    this.candidates.sort((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0));
    const folded = this.candidates.splice(KEPT_SLOWEST);
    for (const one of folded) one.isFolded = true;
    return folded.length;
  }
}

/** All spans of a trace by their names and parents. */
export class SpanGroups {
  private readonly atRoot = new Map<string, SpanGroup>();

  /** The group of a span and its equal siblings. */
  of(span: GroupedSpan): SpanGroup {
    const { name, startedMs } = span;
    const groups = this.around(span);
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = new SpanGroup(startedMs)));
    return group;
  }

  /** Takes a span out of its group. */
  remove(span: GroupedSpan): void {
    if (--this.of(span).count === 0) this.around(span).delete(span.name);
  }

  private around({ parent }: GroupedSpan): Map<string, SpanGroup> {
    if (parent === undefined) return this.atRoot;
    return (parent.groups ??= new Map<string, SpanGroup>());
  }
}
