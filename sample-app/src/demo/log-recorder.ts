import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import type { System } from '../system/system.js';
import { waitUntil } from '../system/wait-until.js';

/** How long to wait for the rest when a process has ended, with which some lines may be lost. */
const AFTER_END_MS = 5000;

/** Records the lines of all processes. */
export class LogRecorder {
  private readonly log: LogEntry[] = [];
  private readonly record = (entry: LogEntry): void => {
    this.log.push(entry);
  };

  constructor(private readonly system: System) {
    system.on('line', this.record);
  }

  stop(): void {
    this.system.off('line', this.record);
  }

  /**
   * The lines that match, in the order of their time, once so many requests, messages, jobs and
   * runs have finished: a client has its answer shortly before. Fewer when a process has ended, or
   * when it takes too long.
   */
  async linesAfter(finishes: number, matches: (entry: LogEntry) => boolean): Promise<LogEntry[]> {
    const finished = (): number =>
      this.log.filter((entry) => matches(entry) && isAccessLogLine(entry)).length;
    const isDone = (): boolean => finished() >= finishes;
    const what = (): string => `${finishes} access log lines, of which ${finished()} are there`;
    await waitUntil(() => isDone() || this.system.failure !== undefined, what);
    await waitUntil(isDone, what, AFTER_END_MS);
    return this.log.filter(matches).toSorted((a, b) => a.timestamp.localeCompare(b.timestamp));
  }
}
