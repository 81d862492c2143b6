import { afterAll, beforeEach } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { compiledProgram } from './compiled-program.js';
import { eventually, LineSink, type Line } from './line-sink.js';

const START_MS = 60_000;

/** A process of its own with an application in it, and what it writes. */
export class ServiceProcess {
  readonly sink = new LineSink();
  private readonly errors = new LineSink();
  /** Cached, since waiting for a line reads all of them again and again. */
  private readonly parsed = new Map<string, Line>();

  /** What it sent when it was ready, such as its port. */
  ready: Record<string, unknown> = {};

  private constructor(readonly child: ChildProcess) {
    child.stdout?.pipe(this.sink);
    child.stderr?.pipe(this.errors);
  }

  /**
   * Runs a TypeScript file, which sends its parent a message when it is ready:
   * `process.send?.({ port })`. Its log goes to standard output as JSON.
   */
  static async start(
    file: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServiceProcess> {
    const { NODE_OPTIONS: _, ...own } = process.env;
    const child = spawn(process.execPath, [compiledProgram(file)], {
      env: { ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const service = new ServiceProcess(child);
    running.add(service);
    child.once('exit', () => running.delete(service));
    service.ready = await service.untilReady(file);
    return service;
  }

  private untilReady(file: string): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const fail = (what: string): void => reject(new Error(`${file} ${what}:\n${this.stderr}`));
      const timer = setTimeout(() => fail('was not ready'), START_MS);
      this.child.once('message', (message) => {
        clearTimeout(timer);
        resolve(message as Record<string, unknown>);
      });
      this.child.once('exit', (code) => fail(`ended with ${code}`));
    });
  }

  /** Its lines, followed by those of `print-spans.js`, without what is not JSON. */
  get lines(): Line[] {
    return [...this.sink.raw, ...this.errors.raw]
      .filter((line) => line.startsWith('{'))
      .map((line) => this.parse(line));
  }

  private parse(line: string): Line {
    const parsed = this.parsed.get(line) ?? (JSON.parse(line) as Line);
    this.parsed.set(line, parsed);
    return parsed;
  }

  /** Forgets the lines that it wrote so far, but nothing that it has to complain about. */
  clear(): void {
    const complaints = this.errors.raw.filter((line) => !line.startsWith('{'));
    this.parsed.clear();
    this.sink.clear();
    this.errors.clear();
    this.errors.raw.push(...complaints);
  }

  /** What it has to complain about: warnings, stacks. */
  get stderr(): string {
    return this.errors.raw.filter((line) => !line.startsWith('{')).join('\n');
  }

  /** The lines with this message, once there are that many. */
  async linesOf(message: string, count: number): Promise<Line[]> {
    const found = (): Line[] => this.lines.filter((line) => line.message === message);
    await eventually(() => found().length >= count, `${count} × ${message}:\n${this.stderr}`);
    return found();
  }

  /** Asks it to end, and waits until it has, and all that it wrote is read. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill(signal);
    await gone;
  }
}

const running = new Set<ServiceProcess>();

// A test that failed runs once more, and must not find its lines of before.
beforeEach(() => {
  for (const service of running) service.clear();
});

afterAll(() => {
  for (const { child } of running) child.kill('SIGKILL');
});

/**
 * Waits until the spans of each trace make a tree. A service writes its lines to one pipe and its
 * spans to another, and neither waits for those of the next service.
 */
export async function untilTrees(
  read: () => readonly Line[],
  ...traceIds: readonly string[]
): Promise<void> {
  let flawed = traceIds;
  const flaws = (): string[] => flawed.flatMap((id) => flawsOfTree(read(), id));
  await eventually(
    () => {
      const lines = read();
      flawed = flawed.filter((id) => flawsOfTree(lines, id).length > 0);
      return flawed.length === 0;
    },
    () => flaws().join('\n'),
  );
}

/**
 * What is wrong with the spans of one trace, taken from the lines of all processes that took part:
 * each has its parent among them but one, the root. Needs `print-spans.js` in every process.
 */
export function flawsOfTree(lines: readonly Line[], traceId: string): string[] {
  const spans = lines.filter(
    (line) => line.trace_id === traceId && line.message.endsWith(' finished'),
  );
  const known = new Map(spans.map((line) => [line.span_id, line]));
  const flaws: string[] = [];
  if (known.size !== spans.length) flaws.push('a span id is there twice');
  const roots = spans.filter(({ parent_span_id: parent }) => !known.has(String(parent)));
  if (roots.length !== 1) {
    flaws.push(`${roots.length} roots: ${roots.map((line) => JSON.stringify(line)).join('\n')}`);
  }
  return flaws;
}
