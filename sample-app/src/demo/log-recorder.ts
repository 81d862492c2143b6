import { setTimeout } from 'node:timers/promises';
import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import type { System } from '../system/system.js';

const PATIENCE_MS = 10_000;
const POLL_MS = 10;

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
   * runs have finished: a client has its answer shortly before.
   */
  async linesAfter(finishes: number, matches: (entry: LogEntry) => boolean): Promise<LogEntry[]> {
    const deadline = performance.now() + PATIENCE_MS;
    const isMissing = (): boolean =>
      this.log.filter((entry) => matches(entry) && isAccessLogLine(entry)).length < finishes;
    while (isMissing() && performance.now() < deadline) await setTimeout(POLL_MS);
    return this.log.filter(matches).toSorted((a, b) => a.timestamp.localeCompare(b.timestamp));
  }
}
