import type { LinesOfRequest } from './group-facts.js';
import type { LogLine } from './log-line.js';
import { RecentMap } from './recent-map.js';

/** Lines of one request that are shown together. */
export interface RequestGroup extends LinesOfRequest {
  /** The same for all groups of one request, and for no other's. */
  readonly id: number;
  /** Whether lines of the same request were shown before. */
  readonly isContinued: boolean;
  /** Whether what was shown before had passed the filter. */
  readonly wasShown: boolean;
}

/** Shows a group; returns whether it passed the filter. */
export type ShowGroup = (group: RequestGroup) => boolean;

export interface GroupLimits {
  /** Requests that wait for their end. */
  readonly open: number;
  /** Bytes of all their lines. */
  readonly bytes: number;
  /** Bytes of one request's lines. */
  readonly groupBytes: number;
  /** Lines of the log for which something that has ended may still wait for what belongs to it. */
  readonly grace: number;
}

export const GROUP_LIMITS: GroupLimits = {
  open: 10_000,
  bytes: 8 * 2 ** 20,
  groupBytes: 2 ** 20,
  grace: 1000,
};

interface OpenGroup {
  readonly key: string;
  lines: LogLine[];
  bytes: number;
  finish: LogLine | undefined;
  /** When its last line came: milliseconds. */
  touchedAt: number;
  /** The number of the line of the log from which on it no longer waits. */
  closesAt: number;
}

/** What is remembered of a request that was shown. */
interface ShownRequest {
  readonly id: number;
  /** Its own span; `undefined` where it has none or has not ended. */
  readonly span: string | undefined;
  readonly isEnded: boolean;
  readonly wasShown: boolean;
}

/**
 * Puts the lines of each request together. A request is shown when it ends; when there is too much
 * to remember, the one that began first is shown unfinished.
 *
 * Callers choose request ids and may use one twice at once. Those two have different spans; but so
 * have a request and the spans inside it. So a request whose lines are of several spans waits a
 * little for the end of the other one, which then takes what is its own.
 */
export class RequestGroups {
  private readonly open = new Map<string, OpenGroup>();
  /** Ended, or late: shown when {@link OpenGroup.closesAt} has come, in this order. */
  private readonly closing: OpenGroup[] = [];
  /** The same by their keys. */
  private readonly waiting = new Map<string, OpenGroup[]>();
  private readonly shown: RecentMap<string, ShownRequest>;
  private bytes = 0;
  private lineNumber = 0;
  private lastId = 0;

  constructor(
    private readonly show: ShowGroup,
    private readonly limits: GroupLimits = GROUP_LIMITS,
  ) {
    this.shown = new RecentMap(limits.open);
  }

  /** Takes a line of a request, which takes that many bytes. */
  add(key: string, line: LogLine, bytes: number, now: number): void {
    this.lineNumber++;
    if (line.isAccessLogEntry) this.finish(key, line, bytes, now);
    else this.keep(key, line, bytes, now);
    const { closing, limits } = this;
    while (closing.length > 0 && closing[0]!.closesAt <= this.lineNumber) this.close();
    while (this.open.size > limits.open || this.bytes > limits.bytes) this.showOldest();
  }

  /** Shows what has waited long enough, in milliseconds, for a reader who waits too. */
  showQuiet(now: number, endedMs: number, openMs: number): void {
    while (this.closing.length > 0 && now - this.closing[0]!.touchedAt >= endedMs) this.close();
    for (const group of this.open.values()) {
      if (now - group.touchedAt >= openMs) this.showUnfinished(group);
    }
  }

  /** Shows everything that is left, in the order in which it began. */
  showAll(): void {
    while (this.closing.length > 0) this.close();
    for (const group of this.open.values()) this.showUnfinished(group);
  }

  private keep(key: string, line: LogLine, bytes: number, now: number): void {
    const group = this.groupFor(key, line, now);
    group.lines.push(line);
    group.bytes += bytes;
    group.touchedAt = now;
    this.bytes += bytes;
    const isTooLarge = group.bytes > this.limits.groupBytes;
    if (isTooLarge && this.open.get(key) === group) this.showUnfinished(group);
  }

  private groupFor(key: string, line: LogLine, now: number): OpenGroup {
    const group = this.open.get(key);
    if (group !== undefined) return group;
    const waiting = this.waiting.get(key)?.findLast((one) => isOf(line, one.finish?.span));
    if (waiting !== undefined) return waiting;
    const made = newGroup(key, now);
    const ended = this.shown.get(key);
    if (ended?.isEnded && isOf(line, ended.span)) this.closeLater(made);
    else this.open.set(key, made);
    return made;
  }

  private finish(key: string, line: LogLine, bytes: number, now: number): void {
    const group = this.open.get(key) ?? newGroup(key, now);
    this.open.delete(key);
    this.takeOwn(group, line.span);
    group.finish = line;
    group.touchedAt = now;
    group.bytes += bytes;
    this.bytes += bytes;
    if (group.lines.every((one) => isOf(one, line.span))) this.showGroup(group);
    else this.closeLater(group);
  }

  /** Takes the lines of a request from those with the same ids that came before it. */
  private takeOwn(group: OpenGroup, span: string | undefined): void {
    for (const other of this.waiting.get(group.key) ?? []) {
      const isOwn = (line: LogLine): boolean =>
        other.finish === undefined
          ? isOf(line, span)
          : line.span === span && !isOf(line, other.finish.span);
      group.lines.unshift(...other.lines.filter(isOwn));
      other.lines = other.lines.filter((line) => !isOwn(line));
    }
  }

  private closeLater(group: OpenGroup): void {
    group.closesAt = this.lineNumber + this.limits.grace;
    this.closing.push(group);
    const same = this.waiting.get(group.key);
    if (same === undefined) this.waiting.set(group.key, [group]);
    else same.push(group);
  }

  private close(): void {
    const group = this.closing.shift()!;
    const same = this.waiting.get(group.key)!;
    if (same.length === 1) this.waiting.delete(group.key);
    else same.shift();
    if (group.lines.length > 0 || group.finish !== undefined) this.showGroup(group);
    else this.bytes -= group.bytes;
  }

  private showOldest(): void {
    if (this.closing.length > 0) return this.close();
    const [oldest] = this.open.values();
    if (oldest !== undefined) this.showUnfinished(oldest);
  }

  private showUnfinished(group: OpenGroup): void {
    this.open.delete(group.key);
    this.showGroup(group);
  }

  private showGroup({ key, lines, finish, bytes }: OpenGroup): void {
    this.bytes -= bytes;
    const before = this.shown.get(key);
    // A request ends once: this is another one with the same ids.
    const isAnother = before?.isEnded && finish !== undefined;
    const isContinued = before !== undefined && !isAnother;
    const wasShown = isContinued && before.wasShown;
    const id = isContinued ? before.id : ++this.lastId;
    const passed = this.show({ id, lines, finish, isContinued, wasShown });
    this.shown.set(key, {
      id,
      span: finish?.span ?? before?.span,
      isEnded: finish !== undefined || before?.isEnded === true,
      wasShown: passed || wasShown,
    });
  }
}

function newGroup(key: string, now: number): OpenGroup {
  return { key, lines: [], bytes: 0, finish: undefined, touchedAt: now, closesAt: 0 };
}

/** Whether a line may be one that a request wrote outside its inner spans. */
function isOf(line: LogLine, span: string | undefined): boolean {
  return line.span === undefined || span === undefined || line.span === span;
}
