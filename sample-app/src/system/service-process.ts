import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { note } from '../terminal/terminal.js';
import { parseEntry, type LogEntry } from './log-entry.js';

/** Short, so that the trace viewer shows other processes with little delay. */
const EXPORT_DELAYS = { OTEL_BSP_SCHEDULE_DELAY: '300', OTEL_BLRP_SCHEDULE_DELAY: '300' };
const STOP_MS = 10_000;

/** A service in a process of its own. Its log is JSON, since its output is not a terminal. */
export class ServiceProcess {
  /** Resolves when the process has ended, to a sentence about how. */
  readonly ended: Promise<string>;
  /** That sentence, once it has ended. */
  end?: string;
  isReady = false;
  private readonly child: ChildProcess;

  constructor(
    readonly name: string,
    args: readonly string[],
    onLine: (entry: LogEntry) => void,
    onMessage: (text: string) => void,
  ) {
    this.child = fork(new URL(`../${name}/main.js`, import.meta.url), args, {
      env: { ...EXPORT_DELAYS, ...process.env },
      execArgv: ['--import', new URL('./end-with-parent.js', import.meta.url).href],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      const entry = parseEntry(line);
      if (entry === undefined) note(`${name}: ${line}`);
      else onLine(entry);
    });
    createInterface({ input: this.child.stderr! }).on('line', onMessage);
    this.child.once('message', () => {
      this.isReady = true;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      this.end = `${name} ended with ${String(code ?? signal)}`;
      return this.end;
    });
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const isLate = setTimeout(STOP_MS, true, { ref: false });
    if (await Promise.race([isLate, this.ended.then(() => false)])) this.child.kill('SIGKILL');
    await this.ended;
  }
}
