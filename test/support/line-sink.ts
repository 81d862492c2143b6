import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A JSON log line. */
export type Line = Record<string, unknown> & {
  level: string;
  message: string;
  trace_id: string;
  request_id: string;
  session_id: string;
  span_id: string;
};

/** Where a test's logger writes: keeps the lines and hands them out parsed. */
export class LineSink extends Writable {
  readonly raw: string[] = [];
  /** The first of them, parsed: waiting for a line reads all of them again and again. */
  private readonly parsed: Line[] = [];
  private rest = '';

  constructor(private readonly delayMs = 0) {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _encoding: string, next: () => void): void {
    const lines = (this.rest + String(chunk)).split('\n');
    this.rest = lines.pop() ?? '';
    this.raw.push(...lines);
    if (this.delayMs === 0) next();
    else setTimeout(next, this.delayMs);
  }

  get lines(): Line[] {
    for (const line of this.raw.slice(this.parsed.length)) {
      this.parsed.push(JSON.parse(line) as Line);
    }
    return [...this.parsed];
  }

  /** The access log lines of requests so far. */
  get finished(): Line[] {
    return this.linesOf('Request finished');
  }

  /** The lines with this message so far, such as `Message finished`. */
  linesOf(message: string): Line[] {
    return this.lines.filter((line) => line.message === message);
  }

  clear(): void {
    this.raw.length = 0;
    this.parsed.length = 0;
  }

  /** Waits until there are that many access log lines, and a little for one too many. */
  async finishes(count: number): Promise<Line[]> {
    await eventually(() => this.finished.length >= count, `${count} access log lines`);
    await sleep(20);
    return this.finished;
  }
}

/** A busy machine is slow, not broken. Below the time that Jest gives a test. */
const PATIENCE_MS = 20_000;

/** Waits for a condition, and says which one never came true. */
export async function eventually(
  isTrue: () => boolean,
  what: string | (() => string),
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (Date.now() > deadline) {
      const said = typeof what === 'string' ? what : what();
      throw new Error(`waited ${PATIENCE_MS / 1000} s for ${said}`);
    }
    await sleep(5);
  }
}
