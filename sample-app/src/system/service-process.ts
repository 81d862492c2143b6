import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type { LogEntry } from './log-entry.js';

/** Short, so that the trace viewer shows other processes with little delay. */
const EXPORT_DELAYS = { OTEL_BSP_SCHEDULE_DELAY: '300', OTEL_BLRP_SCHEDULE_DELAY: '300' };
const START_MS = 30_000;
const STOP_MS = 5000;

/** A service in a process of its own. Its log is JSON, since its output is not a terminal. */
export class ServiceProcess {
  /** Resolves when the process has ended, to a sentence about how. */
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;

  constructor(
    private readonly name: string,
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
      if (line.startsWith('{')) onLine(JSON.parse(line) as LogEntry);
      else process.stderr.write(`${name}: ${line}\n`);
    });
    createInterface({ input: this.child.stderr! }).on('line', onMessage);
    this.ended = once(this.child, 'close').then(
      ([code, signal]) => `${name} ended with ${String(code ?? signal)}`,
    );
  }

  /** Resolves when it is ready. */
  async ready(): Promise<void> {
    const ready = once(this.child, 'message').then(() => undefined);
    const late = setTimeout(START_MS, `${this.name} was not ready in time`, { ref: false });
    const failure = await Promise.race([ready, late, this.ended]);
    if (failure !== undefined) throw new Error(failure);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const isLate = setTimeout(STOP_MS, true, { ref: false });
    if (await Promise.race([isLate, this.ended.then(() => false)])) this.child.kill('SIGKILL');
    await this.ended;
  }
}
