import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, jest } from '@jest/globals';
import { compiledProgram } from '../support/compiled-program.js';

// Each test starts processes, on a machine that may have others to run.
jest.setTimeout(60_000);
const PATIENCE_MS = 30_000;

/** The arguments with which Node runs the program. */
export const PROGRAM: readonly string[] = [compiledProgram('src/cli/main.ts')];

const { NODE_OPTIONS: _, NO_COLOR: _noColor, FORCE_COLOR: _color, ...inherited } = process.env;
/** Without what would colour it, and in a time zone that tests know. */
export const ENVIRONMENT: NodeJS.ProcessEnv = { ...inherited, TZ: 'UTC', TERM: 'xterm' };

export interface Ended {
  readonly stdout: string;
  /** The same, undecoded. */
  readonly bytes: Buffer;
  readonly stderr: string;
  /** The exit code; of a process that a signal has ended, its name. */
  readonly code: number | NodeJS.Signals | null;
}

export interface CliOptions {
  readonly stdin?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly nodeOptions?: readonly string[];
}

/** The real program in a process of its own. */
export class Cli {
  stderr = '';
  readonly ended: Promise<Ended>;
  private written: Buffer[] = [];

  private constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (bytes: Buffer) => this.written.push(bytes));
    child.stderr?.on('data', (bytes: Buffer) => (this.stderr += String(bytes)));
    this.ended = once(child, 'close').then(([code, signal]) => ({
      stdout: this.text,
      bytes: this.stdout,
      stderr: this.stderr,
      code: (signal ?? code) as Ended['code'],
    }));
  }

  /** Starts it and keeps standard input open. */
  static start(args: readonly string[], { env, nodeOptions = [] }: CliOptions = {}): Cli {
    const child = spawn(process.execPath, [...nodeOptions, ...PROGRAM, ...args], {
      env: { ...ENVIRONMENT, ...env },
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    // It may have ended before it has read all.
    child.stdin.on('error', () => {});
    return new Cli(child);
  }

  /** What it has written so far, joined when somebody asks: it may be much, in small pieces. */
  get stdout(): Buffer {
    this.written = [Buffer.concat(this.written)];
    return this.written[0]!;
  }

  get text(): string {
    return this.stdout.toString();
  }

  write(text: string): void {
    this.child.stdin!.write(text);
  }

  /** Waits until it has written that. */
  async says(text: string): Promise<void> {
    await this.until(() => this.text.includes(text), `“${text}” in ${this.text}`);
  }

  async until(isTrue: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!isTrue()) {
      if (Date.now() > deadline) throw new Error(`waited for ${what}\n${this.stderr}`);
      await sleep(10);
    }
  }
}

const running = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), 'untangle-'));

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Runs it from start to end. */
export async function run(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  const cli = Cli.start(args, options);
  cli.child.stdin!.end(options.stdin);
  return cli.ended;
}

/** Runs `untangle` on lines from standard input. */
export function untangle(
  lines: string | readonly (string | object)[],
  args: readonly string[] = [],
  options: CliOptions = {},
): Promise<Ended> {
  const stdin = typeof lines === 'string' ? lines : logOf(lines);
  return run(['untangle', ...args], { stdin, ...options });
}

/** A log: objects as JSON, each on a line. */
export function logOf(lines: readonly (string | object)[]): string {
  return lines
    .map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    .join('');
}

/** Where a test may write a file. */
export function pathOf(name: string): string {
  return join(folder, name);
}

/** A file with this content; its path. */
export function fileOf(name: string, content: string | Buffer): string {
  const path = pathOf(name);
  writeFileSync(path, content);
  return path;
}
