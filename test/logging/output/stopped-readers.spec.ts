import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LineCounts } from 'nestjs-tracing';
import { eventually } from '../../support/line-sink.js';

// Whole processes that write to each kind of descriptor, with a reader that reads nothing.

jest.setTimeout(30_000);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const modules = ['src/logging/output/tracing-transport', 'src/logging/winston/winston-symbols'];
  const entries = modules.map((name) => `${name}=${name}.ts`);
  execFileSync(process.execPath, ['test/support/bundle-sources.mjs', folder, ...entries]);
  writeFileSync(join(folder, 'writer.js'), WRITER);
  for (const name of ['fifo', 'read-fifo']) execFileSync('mkfifo', [join(folder, name)]);
  execFileSync('ln', ['-s', '/dev/stdout', join(folder, 'app.log')]);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const LINES = 3000;

/** More than any pipe, socket or terminal holds. */
const WRITER = `
  import { writeFileSync } from 'node:fs';
  import { spawnSync } from 'node:child_process';
  import { TracingTransport } from './src/logging/output/tracing-transport.js';
  const [, , report, sibling] = process.argv;
  const { DESTINATION } = process.env;
  const transport = new TracingTransport({
    destination: DESTINATION && JSON.parse(DESTINATION),
  });
  const startedAt = performance.now();
  for (let i = 0; i < ${LINES}; i++) {
    transport.write({ level: 'info', [Symbol.for('message')]: ('line ' + i).padEnd(299) });
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    // Node restores the flags of its standard streams when it ends.
    if (i === 1 && sibling) spawnSync(process.execPath, ['-e', 'process.stdout.fd'], { stdio: 'inherit' });
    if (i === 1) globalThis.begun = performance.now();
  }
  const milliseconds = performance.now() - begun;
  writeFileSync(report, JSON.stringify({ milliseconds, counts: transport.counts }));
  process.exit(0);
`;

interface Report {
  readonly milliseconds: number;
  readonly counts: LineCounts;
}

/** Runs a shell command in which `$WRITE` is the writer, until it has logged everything. */
async function write(command: string, destination?: number | string): Promise<Report> {
  const report = join(folder, `report-${Math.random()}`);
  const writer = `${process.execPath} ${join(folder, 'writer.js')} ${report}`;
  const child = spawn('sh', ['-c', command.replace('$WRITE', writer)], {
    env: { ...process.env, DESTINATION: JSON.stringify(destination) },
    // What is not redirected is a socket that is not read from.
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    await eventually(() => existsSync(report) && readFileSync(report, 'utf8') !== '', 'the report');
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
    await exited;
  }
}

const mayScript = spawnSync('script', ['--version']).status === 0;

const KINDS: readonly (readonly [
  name: string,
  command: string,
  destination: number | string | undefined,
])[] = [
  ['standard output that is a pipe', '$WRITE | sleep 20', undefined],
  ['standard output, beside a Node process that ends', '$WRITE sibling | sleep 20', undefined],
  ['descriptor 1, a pipe', '$WRITE | sleep 20', 1],
  ['descriptor 2, a pipe', '$WRITE 2>&1 >/dev/null | sleep 20', 2],
  ['an inherited pipe', '$WRITE 3>&1 >/dev/null | sleep 20', 3],
  ['the path of a pipe', '$WRITE | sleep 20', '/dev/stdout'],
  ['the path of an inherited pipe', '$WRITE 7>&1 >/dev/null | sleep 20', '/dev/fd/7'],
  ['standard output that is a socket', '$WRITE', undefined],
  ['descriptor 2, a socket', '$WRITE', 2],
  ['an inherited socket', '$WRITE 5>&1 >/dev/null', 5],
  ['the path of a socket', '$WRITE', '/dev/stdout'],
  ['a link to the path of a socket', '$WRITE', 'LINK'],
  ['a named pipe that is not read', '(sleep 20 <FOLDER/read-fifo) & $WRITE', 'READ_FIFO'],
  ['a named pipe without a reader', '$WRITE', 'FIFO'],
  ['an inherited named pipe', '(exec 4<>FOLDER/fifo; $WRITE)', 4],
];

describe('a reader that has stopped does not hold up the process', () => {
  const paths = (text: string): string =>
    text
      .replace('READ_FIFO', join(folder, 'read-fifo'))
      .replace('FIFO', join(folder, 'fifo'))
      .replace('LINK', join(folder, 'app.log'))
      .replace('FOLDER', folder);

  it.each(KINDS)('%s', async (_name, command, destination) => {
    const { milliseconds, counts } = await write(
      paths(command),
      typeof destination === 'string' ? paths(destination) : destination,
    );
    expect(milliseconds).toBeLessThan(2000);
    expect(counts.waiting).toBeGreaterThan(100);
    expect([counts.written + counts.waiting, counts.dropped]).toEqual([LINES, 0]);
  });
});

(mayScript ? describe : describe.skip)('a terminal that has stopped', () => {
  it.each([
    ['standard output', undefined],
    ['descriptor 2', 2],
    ['the path of the terminal', '/dev/tty'],
  ])('does not hold up the process: %s', async (_name, destination) => {
    const { milliseconds, counts } = await write(
      `script -qfec "$WRITE" /dev/null | sleep 20`,
      destination,
    );
    expect(milliseconds).toBeLessThan(2000);
    expect(counts.waiting).toBeGreaterThan(100);
    expect([counts.written + counts.waiting, counts.dropped]).toEqual([LINES, 0]);
  });
});
