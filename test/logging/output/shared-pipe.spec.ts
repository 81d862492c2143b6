import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Several processes that share one destination, as the workers of a cluster share standard output.

jest.setTimeout(60_000);

const WORKERS = 8;
const LINES = 2000;

let folder: string;

/** Lines of 200 to 4,000 characters that repeat their own name, so that a torn one is found. */
const WRITER = `
  import { TracingTransport } from './src/logging/output/tracing-transport.js';
  const [, , worker, bufferSize, letter] = process.argv;
  const transport = new TracingTransport({ destination: 1, bufferSize: Number(bufferSize) });
  for (let i = 0; i < ${LINES}; i++) {
    const length = 200 + ((i * 7919 + worker * 131) % 3800);
    const name = worker + '.' + i + ' ';
    const text = name + letter.repeat((length - 2 * name.length) / Buffer.byteLength(letter)) + ' ' + name;
    transport.write({ level: 'info', [Symbol.for('message')]: text });
    if (i % (1 + (i % 13)) === 0) await new Promise((resolve) => setImmediate(resolve));
  }

`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const name = 'src/logging/output/tracing-transport';
  execFileSync(process.execPath, ['test/support/bundle-sources.mjs', folder, `${name}=${name}.ts`]);
  writeFileSync(join(folder, 'writer.js'), WRITER);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the workers, reads slowly, and returns the lines that are not whole and how many there are. */
async function run(bufferSize: number, letter: string, reader: string) {
  const writers = Array.from(
    { length: WORKERS },
    (_, worker) => `${process.execPath} ${folder}/writer.js ${worker} ${bufferSize} ${letter} &`,
  );
  const child = spawn('sh', ['-c', `(${writers.join(' ')} wait) ${reader}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let size = 0;
  for await (const data of child.stdout.setEncoding('utf8')) {
    output += data as string;
    size += (data as string).length;
    if (size > 1_000_000) {
      size = 0;
      await sleep(20);
    }
  }
  const lines = output.split('\n').slice(0, -1);
  const isWhole = (line: string): boolean =>
    /^(\d+\.\d+ )(x*|é*) \1$/u.test(line) && new Set(line.slice(12, -12)).size <= 1;
  return {
    torn: lines.filter((line) => !isWhole(line)).length,
    names: new Set(lines.map((line) => line.split(' ')[0])).size,
  };
}

describe(`${WORKERS} processes that share a destination tear no line of each other`, () => {
  it.each([
    ['a pipe, with the lines of a turn', 0, 'x', '| cat'],
    ['a pipe, with a buffer', 65_536, 'x', '| cat'],
    ['a pipe, with characters of two bytes', 0, 'é', '| cat'],
    ['a socket', 0, 'x', ''],
  ])('%s', async (_name, bufferSize, letter, reader) => {
    expect(await run(bufferSize, letter, reader)).toEqual({ torn: 0, names: WORKERS * LINES });
  });
});
