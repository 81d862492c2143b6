import { type ChildProcess, fork } from 'node:child_process';
import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Counts } from './budget.js';
import type { Question } from './counted-host.js';
import type { CounterName } from './counters.js';

// Longer than any count takes: a process that hangs must not hang the run.
const longestLifeMs = 60_000;

/** The flags of V8 when bytes are counted, so that they are the same each time. */
const steadyHeap = [
  // No collection falls into the count: the young generation is larger than what is allocated.
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
  // What compiled code need not allocate depends on what had been inlined by then.
  '--no-opt',
  '--no-maglev',
  '--single-threaded',
  // An object counts when it is made, not the page that was taken for it and others.
  '--no-inline-new',
  '--expose-gc',
];

export type Program = 'counted-server' | 'counted-lines';

/** A program in a process of its own, and what it has counted there. */
export class CountedProcess {
  /** Of a server. */
  port = 0;

  private constructor(private readonly child: ChildProcess) {}

  static async start(program: Program, counter: CounterName, args: readonly string[]) {
    const counted = new CountedProcess(
      fork(fileURLToPath(new URL(`./${program}.js`, import.meta.url)), [counter, ...args], {
        execArgv: counter === 'bytes' ? steadyHeap : [],
        env: { ...process.env, NODE_ENV: 'production' },
        stdio: ['pipe', nowhere, 'inherit', 'ipc'],
        timeout: longestLifeMs,
        killSignal: 'SIGKILL',
      }),
    );
    ({ port: counted.port } = await counted.#message<{ port: number }>());
    return counted;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Since the process has begun. */
  totals(question: Question = {}): Promise<Counts> {
    const answer = this.#message<Counts>();
    this.child.send(question);
    return answer;
  }

  /** Ends a `hold`: what has been sent meanwhile the process finds in one turn. */
  release(): void {
    this.child.stdin?.write('.');
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  #message<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const answered = (message: unknown) => {
        this.child.off('exit', exited);
        resolve(message as T);
      };
      const exited = (code: number | null, signal: string | null) => {
        this.child.off('message', answered);
        reject(new Error(`The process that is counted ended (${signal ?? code})`));
      };
      this.child.once('message', answered);
      this.child.once('exit', exited);
    });
  }
}

const nowhere = openSync(devNull, 'w');
