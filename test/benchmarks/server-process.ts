import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BenchmarkedNode, currentNode, installForBenchmark, placeFor } from './nodes.js';
import type { Answer, Asked, Platform, Question, Questions } from './server-host.js';
import type { Variant } from './variant-list.js';

// Longer than any measurement takes: a server that hangs must not hang the run.
const longestLifeMs = 900_000;
const longestStopMs = 5_000;

export interface StartOptions {
  /** A file descriptor for standard output: the null device when timed, a file when checked. */
  output: number;
  pace: 'settled' | 'staggered';
  /** On which Node it runs. Default: the one of this process. */
  node?: BenchmarkedNode | undefined;
  /** Whether it has one core of its own. Default: no. */
  isPinned?: boolean;
}

/** A variant in a process of its own, so that no other's code or garbage is on its bill. */
export class ServerProcess {
  port = 0;
  #errors = '';

  private constructor(private readonly child: ChildProcess) {
    const guard = setTimeout(() => child.kill('SIGKILL'), longestLifeMs);
    child.once('exit', () => clearTimeout(guard));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  static async start(variant: Variant, platform: Platform, options: StartOptions) {
    const flags = ['--expose-gc'];
    if (variant.preload) flags.push(`--import=${programOf(variant.preload)}`);
    const { node = currentNode, isPinned = false } = options;
    const server = new ServerProcess(
      fork(programOf(variant.file), variant.option ? [platform, variant.option] : [platform], {
        ...placeFor(node, { flags, isPinned }),
        env: { ...process.env, ...environmentOf(variant, options) },
        stdio: ['ignore', options.output, 'pipe', 'ipc'],
      }),
    );
    const ready = await server.#message<{ port: string }>();
    server.port = Number(ready.port);
    return server;
  }

  ask<Q extends Question>(question: Q, ...args: Parameters<Questions[Q]>): Promise<Answer<Q>> {
    const answer = this.#message<Answer<Q>>();
    this.child.send({ question, args } satisfies Asked);
    return answer;
  }

  /** Resolves when the process has ended and everything that it still had to write is written. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    const guard = setTimeout(() => this.child.kill('SIGKILL'), longestStopMs);
    await this.ask('stop');
    await exited;
    clearTimeout(guard);
  }

  #message<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const answered = (message: unknown) => {
        this.child.off('exit', exited);
        resolve(message as T);
      };
      const exited = (code: number | null, signal: string | null) => {
        this.child.off('message', answered);
        reject(new Error(`The server ended (${signal ?? code}). ${lastLines(this.#errors)}`));
      };
      this.child.once('message', answered);
      this.child.once('exit', exited);
    });
  }
}

function environmentOf({ installs }: Variant, { pace }: StartOptions): NodeJS.ProcessEnv {
  return {
    NODE_ENV: 'production',
    BENCHMARK_PACE: pace,
    ...(installs !== undefined && {
      BENCHMARK_INSTALLED: installForBenchmark('packages', installs),
    }),
  };
}

function programOf(file: string): string {
  return fileURLToPath(new URL(`./variants/${file}.js`, import.meta.url));
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-8).join(' ');
}
