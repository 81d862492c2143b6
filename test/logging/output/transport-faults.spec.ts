import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type Logger } from 'winston';
import { TracingTransport } from '../../../src/logging/output/tracing-transport.js';
import { eventually } from '../../support/line-sink.js';
import { plain } from '../../support/plain-format.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();
const warnings = (): unknown[] =>
  warn.mock.calls.map(([, options]) => (options as { code: string }).code);

/** What a pipe of Linux holds. */
const PIPE_BYTES = 64 * 1024;
const MIB = 1024 * 1024;

let folder: string;
let pipe: string;
let reader: number | undefined;
let opened: TracingTransport[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  opened = [];
});
afterEach(() => {
  stopReading();
  for (const transport of opened) transport.close();
  rmSync(folder, { recursive: true });
});

function open(destination = pipe): [Logger, TracingTransport] {
  const transport = new TracingTransport({ destination });
  opened.push(transport);
  return [createLogger({ format: plain(), transports: [transport] }), transport];
}

function stopReading(): void {
  if (reader !== undefined) closeSync(reader);
  reader = undefined;
}

/** Reads what is available now, up to so many bytes. */
function read(bytes = PIPE_BYTES): Buffer {
  const buffer = Buffer.alloc(bytes);
  try {
    return buffer.subarray(0, readSync(reader!, buffer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return buffer.subarray(0, 0);
    throw error;
  }
}

describe('a slow reader', () => {
  it('gets every line in the end, in order, even when a call takes part of a character', async () => {
    const [logger, transport] = open();
    const line = (i: number): string => `${i} ${'é€😀'.repeat(i % 50)}`;
    for (let i = 0; i < 5000; i++) {
      logger.info(line(i));
      if (i % 100 === 0) await turn();
    }
    await turn();
    const { written, waiting, failedWrites, dropped } = transport.counts;
    expect([written + waiting, dropped]).toEqual([5000, 0]);
    expect(waiting).toBeGreaterThan(4000);
    expect(failedWrites).toBeGreaterThan(0);

    const parts: Buffer[] = [];
    for (let i = 0; transport.counts.waiting > 0; i++) {
      parts.push(read(1 + ((i * 7919) % PIPE_BYTES)));
      await turn();
    }
    parts.push(read());
    const lines = Buffer.concat(parts).toString('utf8').split('\n').slice(0, -1);
    expect(lines).toEqual(Array.from({ length: 5000 }, (_, i) => line(i)));
    expect(transport.counts).toMatchObject({ written: 5000, dropped: 0, waiting: 0 });
    expect(warnings()).toEqual([]);
  });

  it('does not hold up the event loop', async () => {
    const [logger, transport] = open();
    for (let i = 0; i < 1000; i++) logger.info('x'.repeat(1000));
    const startedAt = performance.now();
    for (let i = 0; i < 100; i++) {
      logger.info('x'.repeat(1000));
      transport.flush();
      await turn();
    }
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(transport.flush()).toBe(false);
    // What is tried again is tried seldom.
    const { failedWrites } = transport.counts;
    await sleep(300);
    const retries = transport.counts.failedWrites - failedWrites;
    expect(retries).toBeGreaterThan(3);
    expect(retries).toBeLessThanOrEqual(30);
  });

  it('is written to again as soon as it reads', async () => {
    const [logger, transport] = open();
    for (let i = 0; i < 300; i++) logger.info('x'.repeat(1000));
    await sleep(100);
    let bytes = 0;
    const startedAt = performance.now();
    while (bytes < 300 * 1001) {
      bytes += read().length;
      await turn();
    }
    expect(performance.now() - startedAt).toBeLessThan(200);
    expect(bytes).toBe(300 * 1001);
    expect(transport.counts).toMatchObject({ written: 300, waiting: 0 });
  });

  it('makes 64 MiB wait, and costs the lines behind them', async () => {
    const [logger, transport] = open();
    const line = 'x'.repeat(64 * 1024 - 1);
    const lines = 1200;
    for (let i = 0; i < lines; i++) logger.info(line);
    await turn();
    const { written, waiting, dropped } = transport.counts;
    // What was logged before anything had to wait, and what the pipe holds.
    expect(waiting).toBeGreaterThanOrEqual((64 * MIB) / (64 * 1024));
    expect(waiting).toBeLessThanOrEqual((64 * MIB) / (64 * 1024) + 1);
    expect(written + waiting + dropped).toBe(lines);
    expect(warnings()).toEqual(['TRACING_WRITE_STALLED']);

    let bytes = 0;
    while (transport.counts.waiting > 0) {
      bytes += read(MIB).length;
      await turn();
    }
    bytes += read(MIB).length;
    expect(bytes).toBe((lines - dropped) * 64 * 1024);
    logger.info('again');
    await turn();
    expect(read().toString()).toBe('again\n');
    expect(transport.counts).toMatchObject({ written: lines - dropped + 1, dropped, waiting: 0 });
  });

  it('is waited for by a transport that is closed, without holding up the event loop', async () => {
    const [logger, transport] = open();
    for (let i = 0; i < 300; i++) logger.info('x'.repeat(1023));
    const startedAt = performance.now();
    logger.close();
    expect(performance.now() - startedAt).toBeLessThan(200);
    expect(transport.counts.waiting).toBeGreaterThan(200);
    let bytes = 0;
    while (transport.counts.waiting > 0) {
      bytes += read().length;
      await turn();
    }
    bytes += read().length;
    expect(bytes).toBe(300 * 1024);
    expect(transport.counts).toMatchObject({ written: 300, dropped: 0 });
    // The end of a pipe that no process has open any more.
    expect(readSync(reader!, Buffer.alloc(1))).toBe(0);
  });

  it('is not waited for for ever by a transport that is closed', async () => {
    const [logger, transport] = open();
    for (let i = 0; i < 300; i++) logger.info('x'.repeat(1023));
    logger.close();
    await eventually(() => transport.counts.waiting === 0, 'the end');
    expect(transport.counts.dropped).toBeGreaterThan(200);
    expect(warnings()).toEqual(['TRACING_WRITE_STALLED']);
  });
});

describe('a reader that goes away', () => {
  it('costs the lines, one warning, and no call', async () => {
    const [logger, transport] = open();
    logger.info('a');
    await turn();
    stopReading();
    for (let i = 0; i < 3; i++) {
      expect(() => logger.info('b')).not.toThrow();
      await turn();
    }
    expect(transport.counts).toEqual({
      written: 1,
      dropped: 3,
      waiting: 0,
      failedWrites: 3,
      failedReopens: 0,
    });
    expect(warnings()).toEqual(['TRACING_WRITE_FAILED']);
  });

  it('costs what waited for it, and what it has got is counted', async () => {
    const [logger, transport] = open();
    const line = 'x'.repeat(1023);
    for (let i = 0; i < 200; i++) logger.info(line);
    await turn();
    stopReading();
    await eventually(() => transport.counts.waiting === 0, 'the end of the lines');
    expect(transport.counts).toMatchObject({
      written: PIPE_BYTES / 1024,
      dropped: 200 - PIPE_BYTES / 1024,
    });
  });

  it('may come back', async () => {
    const [logger] = open();
    stopReading();
    logger.info('lost');
    await turn();
    reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    logger.info('found');
    await turn();
    expect(read().toString()).toBe('found\n');
  });
});

describe('a full disk', () => {
  it('lets lines wait, is tried again ever more seldom, and costs one warning', async () => {
    const [logger, transport] = open('/dev/full');
    for (let i = 0; i < 10; i++) {
      expect(() => logger.info('a')).not.toThrow();
      await turn();
    }
    expect(transport.counts).toMatchObject({ written: 0, dropped: 0, waiting: 10 });
    await sleep(300);
    const { failedWrites } = transport.counts;
    expect(failedWrites).toBeGreaterThan(5);
    expect(failedWrites).toBeLessThan(13);
    expect(warnings()).toEqual(['TRACING_DISK_FULL']);
  });

  it('does not hold up the end', () => {
    const [logger, transport] = open('/dev/full');
    logger.info('a');
    const startedAt = performance.now();
    logger.close();
    expect(performance.now() - startedAt).toBeLessThan(200);
    expect(transport.counts).toMatchObject({ written: 0, dropped: 1, waiting: 0, failedWrites: 1 });
  });
});
