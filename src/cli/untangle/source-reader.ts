import { setTimeout as sleep } from 'node:timers/promises';
import { printError, errorReason } from '../print-error.js';
import { FollowedFile } from './followed-file.js';
import type { Progress } from './progress.js';
import type { Sink } from './sink.js';
import { readSource, STDIN } from './log-sources.js';
import type { Untangler } from './untangler.js';

const POLL_MS = 250;

/** Reads every source from its beginning to its end, or continuously. */
export class SourceReader {
  /** Whether a source could not be read. */
  hasFailed = false;
  private readonly stop = new AbortController();

  constructor(
    private readonly untangler: Untangler,
    private readonly sink: Sink,
    private readonly progress: Progress,
  ) {}

  /** Whether Ctrl+C was pressed. */
  get isInterrupted(): boolean {
    return this.stop.signal.aborted;
  }

  private get isOver(): boolean {
    return this.isInterrupted || this.untangler.isDone;
  }

  /** One after the other. */
  async readAll(names: readonly string[]): Promise<void> {
    const isLive = names.includes(STDIN);
    const timer = isLive ? this.startLiveOutput() : undefined;
    for (const name of names) {
      if (!this.isOver) await this.guard(name, () => this.read(name));
    }
    clearInterval(timer);
  }

  /** All files at once, until Ctrl+C; standard input until its end. */
  async follow(names: readonly string[]): Promise<void> {
    const timer = this.startLiveOutput();
    await Promise.all(
      names.map((name) =>
        this.guard(name, () => (name === STDIN ? this.read(name) : this.followFile(name))),
      ),
    );
    clearInterval(timer);
  }

  /** Shows what has been read in intervals, without waiting for more. */
  private startLiveOutput(): NodeJS.Timeout {
    process.once('SIGINT', () => this.stop.abort());
    return setInterval(() => {
      this.untangler.showQuiet();
      void this.sink.flush();
    }, POLL_MS);
  }

  private async read(name: string): Promise<void> {
    const input = this.untangler.openSource();
    const source = readSource(name, (bytes) => this.progress.add(bytes));
    const closeInput = (): void => void process.stdin.destroy();
    this.stop.signal.addEventListener('abort', closeInput);
    try {
      for await (const chunk of source) {
        input.push(chunk);
        await this.sink.flush();
        if (this.isOver) return;
      }
    } finally {
      input.end();
    }
  }

  private async followFile(name: string): Promise<void> {
    const input = this.untangler.openSource();
    const file = new FollowedFile(name, () => input.end());
    await file.open();
    try {
      while (!this.isOver) {
        for await (const chunk of file.read()) {
          input.push(chunk);
          await this.sink.flush();
          if (this.isOver) break;
        }
        await sleep(POLL_MS, undefined, { signal: this.stop.signal }).catch(() => {});
      }
    } finally {
      input.end();
      await file.close();
    }
  }

  private async guard(name: string, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      // Standard input that was closed by Ctrl+C.
      if (this.isInterrupted) return;
      this.hasFailed = true;
      this.progress.clear();
      printError(`${name}: ${errorReason(error)}`);
    }
  }
}
