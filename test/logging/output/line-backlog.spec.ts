import { describe, expect, it } from '@jest/globals';
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineBacklog } from '../../../src/logging/output/line-backlog.js';

const GATHERED_BYTES = 64 * 1024;

/** What a file has when all of a backlog is written to it. */
function written(lines: readonly string[]): { text: string; calls: number; count: number } {
  const folder = mkdtempSync(join(tmpdir(), 'backlog-'));
  const file = join(folder, 'log');
  const fd = openSync(file, 'w');
  try {
    const backlog = new LineBacklog();
    for (const line of lines) backlog.push(line);
    const { size, lines: waiting } = backlog;
    let calls = 0;
    let bytes = 0;
    while (!backlog.isEmpty) {
      bytes += backlog.writeTo(fd);
      calls++;
    }
    expect([bytes, waiting, backlog.size, backlog.lines]).toEqual([size, lines.length, 0, 0]);
    return { text: readFileSync(file, 'utf8'), calls, count: backlog.written };
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
}

describe('the lines that wait', () => {
  it.each([
    ['one character, three bytes each', '€', 100],
    ['lines that fill the buffer to the byte', 'x'.repeat(1023), 64],
    ['one line more', 'x'.repeat(1023), 65],
    ['a line that just fits', 'x'.repeat(GATHERED_BYTES / 3 - 1), 3],
    ['a line that may not fit', '€'.repeat(GATHERED_BYTES / 3), 3],
    ['a line beyond the buffer', '🙂'.repeat(GATHERED_BYTES), 2],
    ['empty lines', '', 10],
  ])('are written in order, once: %s', (_name, line, times) => {
    const lines = Array.from({ length: times }, (_, i) => `${i}${line}`);
    const { text, count } = written(lines);
    expect(text === lines.map((one) => `${one}\n`).join('')).toBe(true);
    expect(count).toBe(times);
  });

  it('are written with one call where they fit the buffer', () => {
    expect(written(Array.from({ length: 128 }, () => 'x'.repeat(400))).calls).toBe(1);
  });

  it('are written in order, whatever their lengths', () => {
    const line = tuple(constantFrom('x', 'é', '€', '🙂'), integer({ min: 0, max: 30_000 }));
    assert(
      property(array(line, { maxLength: 20 }), (parts) => {
        const lines = parts.map(([character, length]) => character.repeat(length));
        expect(written(lines).text === lines.map((one) => `${one}\n`).join('')).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
