import { FifoQueue } from '../../records/fifo-queue.js';
import type { LinesOfRequest } from './group-summary.js';
import type { LogLine } from './log-line.js';
import { RecentMap } from './recent-map.js';

/** Lines of one request that are shown together. */
export interface RequestGroup extends LinesOfRequest {
  /** The same for all groups of one request, and for no other request's. */
  readonly id: number;
  /** Whether lines of the same request were shown before. */
  readonly isContinued: boolean;
  /** Whether what was shown before had passed the filter. */
  readonly wasShown: boolean;
  /** Bytes of its lines. */
  readonly bytes: number;
}

/** Shows a group; returns whether it passed the filter. */
export type ShowGroup = (group: RequestGroup) => boolean;

export interface GroupLimits {
  /** Requests that have not ended yet. */
  readonly open: number;
  /** Bytes of all their lines. */
  readonly bytes: number;
  /** Bytes of one request's lines. */
  readonly groupBytes: number;
  /** Lines of the log for which something that has ended may still wait for what belongs to it. */
  readonly grace: number;
}

const GROUP_LIMITS: GroupLimits = {
  open: 10_000,
  bytes: 8 * 2 ** 20,
  groupBytes: 2 ** 20,
  grace: 1000,
};

interface OpenGroup {
  readonly key: string;
  lines: LogLine[];
  bytes: number;
  accessLogLine: LogLine | undefined;
  /** When its last line came: milliseconds. */
  touchedAt: number;
  /** The number of the line of the log from which on it no longer waits. */
  closesAt: number;
}

/** What is remembered of a request after it was shown. */
interface ShownGroup {
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
 * Callers choose request ids and may use one twice at once. Those two requests have different span
 * ids, but so have a request and the spans inside it. So a request whose lines have several span ids
 * waits a little: if the other one ends, it takes its own lines.
 */
export class RequestGroups {
  private readonly open = new Map<string, OpenGroup>();
  /** Ended, or late: shown when {@link OpenGroup.closesAt} has come, in this order. */
  private readonly closing = new FifoQueue<OpenGroup>();
  /** The same by their keys. */
  private readonly waiting = new Map<string, OpenGroup[]>();
  private readonly shown: RecentMap<string, ShownGroup>;
  private bytes = 0;
  private lineNumber = 0;
  private lastId = 0;

  constructor(
    private readonly show: ShowGroup,
    private readonly limits: GroupLimits = GROUP_LIMITS,
  ) {
    this.shown = new RecentMap(limits.open);
  }

  /** Adds a line of a request, with its size in bytes. */
  add(key: string, line: LogLine, bytes: number, now: number): void {
    this.lineNumber++;
    if (line.isAccessLogEntry) this.end(key, line, bytes, now);
    else this.keep(key, line, bytes, now);
    const { closing, limits } = this;
    while ((closing.first?.closesAt ?? Infinity) <= this.lineNumber) this.close();
    while (this.open.size > limits.open || this.bytes > limits.bytes) this.showOldest();
  }

  /** Shows groups that have waited long enough, in milliseconds, for live output. */
  showQuiet(now: number, endedMs: number, openMs: number): void {
    while (now - (this.closing.first?.touchedAt ?? Infinity) >= endedMs) this.close();
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
    const waiting = this.waiting.get(key)?.findLast((one) => isOf(line, one.accessLogLine?.span));
    if (waiting !== undefined) return waiting;
    const made = newGroup(key, now);
    const ended = this.shown.get(key);
    if (ended?.isEnded && isOf(line, ended.span)) this.closeLater(made);
    else this.open.set(key, made);
    return made;
  }

  private end(key: string, line: LogLine, bytes: number, now: number): void {
    const group = this.open.get(key) ?? newGroup(key, now);
    this.open.delete(key);
    this.takeOwn(group, line.span);
    group.accessLogLine = line;
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
        other.accessLogLine === undefined
          ? isOf(line, span)
          : line.span === span && !isOf(line, other.accessLogLine.span);
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
    if (group.lines.length > 0 || group.accessLogLine !== undefined) this.showGroup(group);
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

  private showGroup({ key, lines, accessLogLine, bytes }: OpenGroup): void {
    this.bytes -= bytes;
    const before = this.shown.get(key);
    // A request ends once, so this is another one with the same ids.
    const isAnother = before?.isEnded && accessLogLine !== undefined;
    const isContinued = before !== undefined && !isAnother;
    const wasShown = isContinued && before.wasShown;
    const id = isContinued ? before.id : ++this.lastId;
    const passed = this.show({ id, lines, accessLogLine, isContinued, wasShown, bytes });
    this.shown.set(key, {
      id,
      span: accessLogLine?.span ?? before?.span,
      isEnded: accessLogLine !== undefined || before?.isEnded === true,
      wasShown: passed || wasShown,
    });
  }
}

function newGroup(key: string, now: number): OpenGroup {
  return { key, lines: [], bytes: 0, accessLogLine: undefined, touchedAt: now, closesAt: 0 };
}

/** Whether a line may be one that a request wrote outside its inner spans. */
function isOf(line: LogLine, span: string | undefined): boolean {
  return line.span === undefined || span === undefined || line.span === span;
}
