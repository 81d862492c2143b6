import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Answers } from './server-answers.js';

export const ADAPTERS = ['express', 'fastify'] as const;
export type Adapter = (typeof ADAPTERS)[number];

/** Which program the server is, and how Node runs it. */
export interface ServerProgram {
  readonly program?: string;
  readonly nodeOptions?: readonly string[];
}

const STOP_MS = 10_000;

/** The server in its own process, which reports what it holds on request. */
export class SoakedServer {
  port = 0;
  /** What it had to complain about. */
  complaints = '';

  private constructor(private readonly child: ChildProcess) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
  }

  static async start(
    adapter: Adapter,
    fault: string | undefined,
    { program = './soak-server.ts', nodeOptions = [] }: ServerProgram = {},
  ): Promise<SoakedServer> {
    const child = fork(pathOf(program), [adapter, ...(fault === undefined ? [] : [fault])], {
      execArgv: [
        '--expose-gc',
        ...nodeOptions,
        `--import=${pathOf('../support/register-typescript.mjs')}`,
      ],
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const server = new SoakedServer(child);
    const { port } = await server.message<{ port: number }>();
    server.port = port;
    return server;
  }

  onOutput(read: (text: string) => void): void {
    this.child.stdout?.setEncoding('utf8').on('data', read);
  }

  ask<Q extends keyof Answers>(question: Q): Promise<Answers[Q]> {
    const answer = this.message<Answers[Q]>();
    if (this.child.connected) this.child.send(question);
    return answer;
  }

  /** `undefined` where the operating system does not provide it. */
  get descriptors(): number | undefined {
    try {
      return readdirSync(`/proc/${this.child.pid}/fd`).length;
    } catch {
      return undefined;
    }
  }

  /** Closes the application; returns what is wrong with how the process ends, if anything is. */
  async stop(): Promise<string | undefined> {
    // Its output too has to be read to its end.
    const closed = once(this.child, 'close');
    const { resources } = await this.ask('stop');
    const timer = setTimeout(() => this.kill(), STOP_MS);
    const [code, signal] = (await closed) as [number | null, string | null];
    clearTimeout(timer);
    if (signal !== null) return `it did not end by itself: ${JSON.stringify(resources)}`;
    return code === 0 ? undefined : `it ended with ${code}`;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private message<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const { exitCode, signalCode } = this.child;
      const answered = (message: unknown): void => {
        this.child.off('exit', ended);
        resolve(message as T);
      };
      const ended = (code: number | null, signal: string | null): void => {
        this.child.off('message', answered);
        reject(new Error(`the server ended (${signal ?? code}): ${this.complaints}`));
      };
      if (exitCode !== null || signalCode !== null) return ended(exitCode, signalCode);
      this.child.once('message', answered);
      this.child.once('exit', ended);
    });
  }
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
