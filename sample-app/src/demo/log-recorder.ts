import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import type { System } from '../system/system.js';
import { waitUntil } from '../system/wait-until.js';

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
   * runs have finished: a client has its answer shortly before. Those so far when a process has
   * ended, or when it takes too long.
   */
  async linesAfter(finishes: number, matches: (entry: LogEntry) => boolean): Promise<LogEntry[]> {
    const finished = (): number =>
      this.log.filter((entry) => matches(entry) && isAccessLogLine(entry)).length;
    await waitUntil(
      () => finished() >= finishes || this.system.failure !== undefined,
      () => `${finishes} access log lines, of which ${finished()} are there`,
    );
    return this.log.filter(matches).toSorted((a, b) => a.timestamp.localeCompare(b.timestamp));
  }
}
