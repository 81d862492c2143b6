import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ENVIRONMENT, logOf, PROGRAM } from './cli.js';
import { ALICE, finish, line } from './figure.js';

const MEGABYTE = 2 ** 20;
const REPORT = join(process.cwd(), 'test/cli/report-memory.mjs');

interface Consumption {
  /** MB of the whole process at its highest. */
  readonly peak: number;
  readonly bytesOut: number;
  readonly code: number;
}

/** What the program needs to read that many megabytes. */
async function read(
  megabytes: number,
  pieceOf: (n: number) => string | Buffer,
  args: readonly string[] = [],
): Promise<Consumption> {
  const child = spawn(process.execPath, ['--import', REPORT, ...PROGRAM, 'untangle', ...args], {
    env: ENVIRONMENT,
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
  });
  let bytesOut = 0;
  child.stdout!.on('data', (bytes: Buffer) => (bytesOut += bytes.length));
  const peak = once(child, 'message') as Promise<[number]>;
  const ended = once(child, 'close') as Promise<[number]>;
  for (let n = 0, written = 0; written < megabytes * MEGABYTE; n++) {
    const piece = pieceOf(n);
    written += piece.length;
    if (!child.stdin!.write(piece)) await once(child.stdin!, 'drain');
  }
  child.stdin!.end();
  return { peak: (await peak)[0], bytesOut, code: (await ended)[0] };
}

/** A thousand requests at a time, of four lines each. */
function requests(hasEnd: boolean): (n: number) => string {
  return (n) => {
    const lines: object[] = [];
    for (let i = 0; i < 1000; i++) {
      const ids = { ...ALICE, request_id: `req-${n}-${i}`, session_id: `s-${i}` };
      for (let j = 0; j < 3; j++) lines.push(line(n, ids, `Line ${j}`, { text: 'x'.repeat(200) }));
      if (hasEnd) lines.push(finish(n, ids));
    }
    return logOf(lines);
  };
}

// What every Node process of this size takes, and what waits for the collector.
const MOST_MB = 400;
// The collector takes its time. What is kept of three times as much would take twice as much.
const MAY_GROW = 1.7;

describe('memory', () => {
  it.each<[string, (n: number) => string, string[]]>([
    ['requests that end', requests(true), []],
    ['requests without an end', requests(false), []],
    ['requests without an end, none of which is shown', requests(false), ['--errors']],
  ])('does not grow with a log of %s', async (_name, pieceOf, args) => {
    const short = await read(20, pieceOf, args);
    const long = await read(60, pieceOf, args);

    expect(long.peak).toBeLessThan(MOST_MB);
    expect(long.peak).toBeLessThan(short.peak * MAY_GROW);
    if (args.length === 0) expect(long.bytesOut).toBeGreaterThan(short.bytesOut * 2);
  });

  it('does not grow with a line that never ends', async () => {
    const piece = Buffer.alloc(MEGABYTE, '{"message":"');
    const { peak, bytesOut, code } = await read(100, () => piece);
    expect(peak).toBeLessThan(MOST_MB);
    expect({ bytesOut, code }).toEqual({ bytesOut: 100 * MEGABYTE, code: 0 });
  });

  it('does not grow with one request that never ends', async () => {
    const pieceOf = (n: number): string =>
      logOf(Array.from({ length: 1000 }, () => line(n, ALICE, 'x'.repeat(100))));
    const short = await read(20, pieceOf);
    const long = await read(60, pieceOf);

    expect(long.peak).toBeLessThan(MOST_MB);
    expect(long.peak).toBeLessThan(short.peak * MAY_GROW);
  });
});
