import { headerOf, type Answer } from './answer.js';
import type { Findings } from './findings.js';
import { wrongOfFinish } from './finish-check.js';
import { SECRET, type Ids, type Introduction } from './introductions.js';
import type { LogLine } from './log-line.js';
import { MISSED, Numbers, RecentValues, SETTLED } from './numbers.js';
import { WORK_KINDS, type RequestKind, type UnitOfWorkKind } from './traffic.js';

/** How long the log may be behind, milliseconds. */
const PATIENCE_MS = 10_000;

/** One piece of work of which something is still to come. */
interface Entry {
  readonly seq: number;
  readonly kind: UnitOfWorkKind;
  /** Those that the client sent; the others are filled in as they are first seen. */
  readonly ids: Ids;
  readonly parentSpanId: string | undefined;
  readonly openedAt: number;
  spanId: string | undefined;
  lines: number;
  isFinished: boolean;
  isAnswered: boolean;
}

/** Of one kind of work. */
export interface Tally {
  sent: number;
  finished: number;
  lines: number;
  wrong: number;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const NEW_IDS: Readonly<Record<keyof Ids, RegExp>> = {
  trace_id: /^[0-9a-f]{32}$/,
  request_id: UUID,
  session_id: UUID,
};
const ID_NAMES = Object.keys(NEW_IDS) as (keyof Ids)[];

/** What is expected for each piece of work, against what is found. What is settled is let go. */
export class Ledger {
  readonly tallies = new Map<string, Tally>(
    WORK_KINDS.map(({ name }) => [name, { sent: 0, finished: 0, lines: 0, wrong: 0 }]),
  );
  private readonly entries = new Map<number, Entry>();
  private readonly numbers = new Numbers();
  private readonly spanIds = new RecentValues();

  constructor(
    private readonly findings: Findings,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many have something still to come. */
  get open(): number {
    return this.entries.size;
  }

  get finished(): number {
    let count = 0;
    for (const tally of this.tallies.values()) count += tally.finished;
    return count;
  }

  /** Takes the number of a request, and the next one where its handler does inner work. */
  take({ inner }: RequestKind): number {
    return this.numbers.take(inner === undefined ? 1 : 2);
  }

  /** Expects what is about to be sent. */
  expect(seq: number, kind: RequestKind, { ids, parentSpanId }: Introduction): void {
    this.enter(seq, kind, ids, parentSpanId, false);
    const { inner } = kind;
    if (inner === undefined) return;
    const own = {
      trace_id: `trace-of-${seq + 1}`,
      request_id: `run-${seq + 1}`,
      session_id: `session-of-${seq + 1}`,
    };
    this.enter(seq + 1, inner, inner.sharesIds ? ids : own, undefined, true);
  }

  /** The client has its answer, or has seen it break. */
  answered(seq: number, answer: Answer | undefined, isWhole: boolean): void {
    const entry = this.entries.get(seq);
    if (entry === undefined) return;
    if (answer === undefined) {
      this.wrong(entry, 'no answer', '');
    } else {
      this.checkAnswer(entry, answer, isWhole);
    }
    this.done(entry);
  }

  /** The client has disconnected. */
  left(seq: number): void {
    const entry = this.entries.get(seq);
    if (entry !== undefined) this.done(entry);
  }

  /** A line that an application wrote for this number. */
  spoke(seq: number, line: LogLine): void {
    const entry = this.entryFor(seq, line);
    if (entry === undefined) return;
    this.tallyOf(entry).lines++;
    if (++entry.lines > entry.kind.lines) this.wrong(entry, 'a line too many', line.message);
    this.checkIds(entry, line);
    this.settle(entry);
  }

  /** The access log line of this number. */
  ended(seq: number, line: LogLine): void {
    const entry = this.entryFor(seq, line);
    if (entry === undefined) return;
    if (entry.isFinished) this.wrong(entry, 'a second access log line', line.outcome ?? '');
    entry.isFinished = true;
    this.tallyOf(entry).finished++;
    if (!this.spanIds.add(line.span_id)) this.wrong(entry, 'a span id twice', line.span_id);
    this.checkIds(entry, line);
    for (const [reason, what] of wrongOfFinish(entry.kind, entry.parentSpanId, line)) {
      this.wrong(entry, reason, what);
    }
    this.settle(entry);
  }

  /** Gives up on those whose log is too late; on all of them at the end. */
  sweep(patienceMs = PATIENCE_MS): void {
    const deadline = this.now() - patienceMs;
    for (const entry of this.entries.values()) {
      // In the order in which they were opened.
      if (entry.openedAt > deadline) return;
      const { kind, lines, isFinished, isAnswered } = entry;
      if (!isFinished) this.wrong(entry, 'no access log line', '');
      if (lines < kind.lines) this.wrong(entry, 'lines missing', `${lines} of ${kind.lines}`);
      if (!isAnswered) this.wrong(entry, 'the client still waits', '');
      this.close(entry, MISSED);
    }
  }

  private enter(
    seq: number,
    kind: UnitOfWorkKind,
    ids: Ids,
    parentSpanId: string | undefined,
    isAnswered: boolean,
  ): void {
    this.entries.set(seq, {
      seq,
      kind,
      ids,
      parentSpanId,
      isAnswered,
      openedAt: this.now(),
      spanId: undefined,
      lines: 0,
      isFinished: false,
    });
    this.tallies.get(kind.name)!.sent++;
  }

  private entryFor(seq: number, line: LogLine): Entry | undefined {
    const entry = this.entries.get(seq);
    const stage = this.numbers.stageOf(seq);
    if (entry === undefined && stage !== MISSED) {
      const what = stage === SETTLED ? 'after all was there' : 'of nothing that was sent';
      this.findings.add(`a line ${what}`, JSON.stringify(line));
    }
    return entry;
  }

  private checkAnswer(entry: Entry, answer: Answer, isWhole: boolean): void {
    const { kind, ids, seq } = entry;
    if (answer.isWhole !== isWhole) {
      this.wrong(entry, `an answer that is ${isWhole ? 'broken' : 'whole'}`, answer.head);
    }
    if (answer.status !== kind.status) {
      this.wrong(entry, 'another status', String(answer.status));
    }
    this.checkId(entry, ids, 'request_id', headerOf(answer, 'x-request-id'), 'on the answer');
    this.checkId(entry, ids, 'trace_id', headerOf(answer, 'x-trace-id'), 'on the answer');
    if (answer.head.includes(SECRET)) this.wrong(entry, 'a secret on the answer', answer.head);
    const named = /"seq":"(\d+)"/.exec(answer.body)?.[1];
    if (named !== undefined && named !== String(seq)) {
      this.wrong(entry, 'the answer of another', answer.body);
    }
  }

  private checkIds(entry: Entry, line: LogLine): void {
    for (const name of ID_NAMES) this.checkId(entry, entry.ids, name, line[name], 'on a line');
    if (line.seq !== undefined && line.seq !== String(entry.seq)) {
      this.wrong(entry, 'a field of another', line.seq);
    }
    if (line.in_span === true) {
      if (line.span_id === entry.spanId) this.wrong(entry, 'no span id of its own', line.message);
      return;
    }
    entry.spanId ??= line.span_id;
    if (line.span_id !== entry.spanId) this.wrong(entry, 'another span_id', line.message);
  }

  private checkId(
    entry: Entry,
    ids: Ids,
    name: keyof Ids,
    found: string | undefined,
    place: string,
  ): void {
    const expected = ids[name];
    if (expected === found) return;
    if (found === undefined || found === '-') {
      this.wrong(entry, `no ${name} ${place}`, String(expected));
    } else if (expected !== undefined) {
      this.wrong(entry, `another ${name} ${place}`, `${found}, not ${expected}`);
    } else if (NEW_IDS[name].test(found)) {
      ids[name] = found;
    } else {
      this.wrong(entry, `a ${name} ${place} that was not sent`, found);
    }
  }

  private done(entry: Entry): void {
    entry.isAnswered = true;
    this.settle(entry);
  }

  private settle(entry: Entry): void {
    const { isFinished, isAnswered, lines, kind } = entry;
    if (isFinished && isAnswered && lines >= kind.lines) this.close(entry, SETTLED);
  }

  private close({ seq }: Entry, stage: typeof SETTLED | typeof MISSED): void {
    this.entries.delete(seq);
    this.numbers.close(seq, stage);
  }

  private wrong(entry: Entry, reason: string, what: string): void {
    this.tallyOf(entry).wrong++;
    this.findings.add(reason, `#${entry.seq} (${entry.kind.name}) ${what}`);
  }

  private tallyOf({ kind }: Entry): Tally {
    return this.tallies.get(kind.name)!;
  }
}
