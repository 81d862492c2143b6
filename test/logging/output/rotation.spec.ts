import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type Logger } from 'winston';
import { TracingTransport } from '../../../src/logging/output/tracing-transport.js';
import { MESSAGE } from '../../../src/logging/winston/winston-symbols.js';
import { eventually } from '../../support/line-sink.js';
import { plain } from '../../support/plain-format.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  file = join(folder, 'app.log');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

function open(bufferSize = 0, mkdir = false): [Logger, TracingTransport] {
  const transport = new TracingTransport({ destination: file, bufferSize, mkdir });
  return [createLogger({ format: plain(), transports: [transport] }), transport];
}

/** Descriptors of this process that are open on files of the folder. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    const link = `/proc/self/fd/${fd}`;
    const path = existsSync(link) ? readlinkSync(link) : '';
    return path.startsWith(folder) ? [path] : [];
  });
}

describe('a file that has been moved', () => {
  it('gets what was logged before, and a new one what comes after', async () => {
    const [logger, transport] = open();
    logger.info('before');
    renameSync(file, `${file}.1`);
    logger.info('still before');
    expect(transport.reopen()).toBe(true);
    logger.info('after');
    await turn();
    expect(linesOf(`${file}.1`)).toEqual(['before', 'still before']);
    expect(linesOf(file)).toEqual(['after']);
    logger.close();
  });

  it.each([0, 4096])(
    'loses no line under load, and has none twice: bufferSize %i',
    async (bufferSize) => {
      const [logger, transport] = open(bufferSize);
      const starts: number[] = [0];
      for (let i = 0; i < 20_000; i++) {
        logger.info(`line ${i}`);
        if (i % 7 === 0) await turn();
        if (i % 1500 !== 1499) continue;
        renameSync(file, `${file}.${starts.length}`);
        transport.reopen();
        starts.push(i + 1);
      }
      logger.close();
      expect(starts).toHaveLength(14);
      for (const [i, start] of starts.entries()) {
        const path = i === starts.length - 1 ? file : `${file}.${i + 1}`;
        expect(linesOf(path)).toEqual(numbered(start, starts[i + 1] ?? 20_000));
      }
      expect(transport.counts).toEqual({
        written: 20_000,
        dropped: 0,
        waiting: 0,
        failedWrites: 0,
        failedReopens: 0,
      });
    },
  );

  it('is closed', async () => {
    const [logger, transport] = open();
    for (let i = 0; i < 5; i++) {
      rmSync(file);
      transport.reopen();
    }
    expect(descriptors()).toEqual([file]);
    logger.close();
    expect(descriptors()).toEqual([]);
  });

  it('is kept while there can be no new one, with one warning', async () => {
    const [logger, transport] = open();
    renameSync(file, `${file}.1`);
    mkdirSync(file);
    for (const message of ['a', 'b']) {
      expect(transport.reopen()).toBe(false);
      logger.info(message);
      await turn();
    }
    expect(linesOf(`${file}.1`)).toEqual(['a', 'b']);
    expect(transport.counts).toMatchObject({ written: 2, dropped: 0, failedReopens: 2 });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(`${file} could not be opened again: .*EISDIR`),
        { type: 'TracingWarning', code: 'TRACING_REOPEN_FAILED' },
      ],
    ]);
    rmdirSync(file);
    expect(transport.reopen()).toBe(true);
    logger.info('c');
    logger.close();
    expect(linesOf(file)).toEqual(['c']);
  });

  it('is opened again with its folder, where that may be created', () => {
    const [logger, transport] = open(0, true);
    rmSync(folder, { recursive: true });
    expect(transport.reopen()).toBe(true);
    logger.info('a');
    logger.close();
    expect(linesOf(file)).toEqual(['a']);
  });
});

describe('a folder that was removed', () => {
  it('lets lines wait until it is back: the old file has no name to be found by', async () => {
    const [logger, transport] = open();
    logger.info('before');
    rmSync(folder, { recursive: true });
    expect(transport.reopen()).toBe(false);
    expect(existsSync(folder)).toBe(false);
    expect(descriptors()).toEqual([]);
    for (let i = 0; i < 100; i++) {
      logger.info(`line ${i}`);
      await turn();
    }
    await sleep(300);
    expect(transport.counts).toMatchObject({ written: 1, dropped: 0, waiting: 100 });
    expect(transport.counts.failedWrites).toBeGreaterThan(5);
    expect(transport.counts.failedWrites).toBeLessThan(14);
    expect(warn.mock.calls.map(([, options]) => options)).toEqual([
      { type: 'TracingWarning', code: 'TRACING_REOPEN_FAILED' },
      { type: 'TracingWarning', code: 'TRACING_WRITE_STALLED' },
    ]);

    mkdirSync(folder);
    await eventually(() => transport.counts.waiting === 0, 'the lines');
    expect(linesOf(file)).toEqual(numbered(0, 100));
    expect(transport.counts).toMatchObject({ written: 101, dropped: 0 });
    logger.close();
  });
});

describe('a descriptor', () => {
  it('cannot be opened again, and one warning says so', () => {
    const transport = new TracingTransport({ destination: 1 });
    expect(transport.reopen()).toBe(false);
    expect(transport.reopen()).toBe(false);
    expect(transport.counts).toMatchObject({ failedReopens: 2, failedWrites: 0 });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining('fd 1 could not be opened again: it is not the path of a file'),
        { type: 'TracingWarning', code: 'TRACING_REOPEN_FAILED' },
      ],
    ]);
  });
});

describe('a transport that is closed', () => {
  it('has no file open, until another line comes', async () => {
    const [, transport] = open();
    transport.close();
    transport.close();
    expect(descriptors()).toEqual([]);
    transport.write({ level: 'info', [MESSAGE]: 'late' });
    await turn();
    expect(linesOf(file)).toEqual(['late']);
    transport.close();
    expect(descriptors()).toEqual([]);
  });

  it('may be flushed and opened again', () => {
    const [, transport] = open();
    transport.close();
    expect(transport.flush()).toBe(true);
    expect(transport.reopen()).toBe(true);
    transport.close();
    expect(descriptors()).toEqual([]);
  });

  it('keeps lines while its file cannot be opened again, and never throws', async () => {
    const [, transport] = open();
    transport.close();
    rmSync(file);
    mkdirSync(file);
    expect(() => transport.write({ level: 'info', [MESSAGE]: 'late' })).not.toThrow();
    await turn();
    expect(transport.counts).toMatchObject({ written: 0, dropped: 0, waiting: 1, failedWrites: 1 });
    expect(warn.mock.calls).toMatchObject([
      [expect.stringContaining('EISDIR'), { code: 'TRACING_WRITE_STALLED' }],
    ]);
    rmdirSync(file);
    await eventually(() => transport.counts.waiting === 0, 'the line');
    expect(linesOf(file)).toEqual(['late']);
    transport.close();
    expect(descriptors()).toEqual([]);
  });
});
