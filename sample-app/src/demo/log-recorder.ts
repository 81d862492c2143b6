import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { traceJson, type FinishRecord } from 'nestjs-tracing';
import { transports } from 'winston';

const PATIENCE_MS = 5000;
const POLL_MS = 10;

/** A line of the log as JSON. On a finish line stands its {@link FinishRecord}. */
export interface LogEntry extends Partial<FinishRecord> {
  timestamp: string;
  level: string;
  message: string;
  request_id: string;
  session_id: string;
}

/** Keeps the log, in the JSON that a log backend would get, while a terminal shows the text. */
export class LogRecorder {
  private readonly entries: LogEntry[] = [];

  readonly transport = new transports.Stream({
    silent: true,
    format: traceJson(),
    stream: new Writable({
      decodeStrings: false,
      write: (line: string, _encoding, done) => {
        this.entries.push(JSON.parse(line) as LogEntry);
        done();
      },
    }),
  });

  start(): void {
    this.transport.silent = false;
  }

  /** Stops once so many requests have finished: a client has its answer a moment before that. */
  async stopAfter(requests: number): Promise<readonly LogEntry[]> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.countFinished() < requests && performance.now() < deadline) {
      await setTimeout(POLL_MS);
    }
    this.transport.silent = true;
    return this.entries;
  }

  private countFinished(): number {
    return this.entries.filter(isFinishLine).length;
  }
}

export function isFinishLine(entry: LogEntry): boolean {
  return entry.outcome !== undefined;
}
