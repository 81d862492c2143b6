import { describe, expect, it } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports } from 'winston';
import {
  holdLogs,
  leaveStdoutToProtocol,
  logOutput,
  releaseLogs,
} from '../../../src/logging/output/stdout-for-protocol.js';
import { openLogger } from '../../../src/logging/winston/default-logger.js';
import { traceText } from '../../../src/logging/formats/text-format.js';
import { LineOutput } from '../../../src/logging/output/buffered-output.js';
import { LineTransport } from '../../../src/logging/output/line-transport.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import type { TracingModuleOptions } from '../../../src/options/tracing-options.js';

const [STDOUT, STDERR] = [1, 2];

describe('where lines go', () => {
  it('is standard output', () => {
    expect(logOutput()).toBe(STDOUT);
  });

  it('is unknown for a while, and no longer', async () => {
    holdLogs(20);
    expect(logOutput()).toBeUndefined();
    await sleep(25);
    expect(logOutput()).toBe(STDOUT);
  });

  it('is known at once, or soon, when there is nothing to wait for', async () => {
    holdLogs(10_000);
    releaseLogs(20);
    expect(logOutput()).toBeUndefined();
    await sleep(25);
    expect(logOutput()).toBe(STDOUT);
    // Nothing waits, so nothing is released later.
    releaseLogs(10_000);
    expect(logOutput()).toBe(STDOUT);
    holdLogs(10_000);
    releaseLogs();
    expect(logOutput()).toBe(STDOUT);
  });

  it('is standard error from the moment when a protocol uses standard output', () => {
    holdLogs(10_000);
    leaveStdoutToProtocol();
    expect(logOutput()).toBe(STDERR);
    holdLogs(10_000);
    expect(logOutput()).toBe(STDERR);
  });
});

describe('lines that wait', () => {
  const setUp = () => {
    const file = join(mkdtempSync(join(tmpdir(), 'lines-')), 'log');
    const fd = openSync(file, 'w');
    const target: { fd: number | undefined } = { fd: undefined };
    const logger = createLogger({
      format: traceText(),
      transports: new LineTransport(new LineOutput({ name: 'test', fd: () => target.fd })),
    });
    const lines = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return { logger, lines, fd, target };
  };

  it('are written in order when it is known where', async () => {
    const { logger, lines, fd, target } = setUp();
    logger.info('first');
    await sleep(30);
    logger.info('second');
    expect(lines()).toEqual([]);
    target.fd = fd;
    await sleep(30);
    expect(lines().map((line) => line.split(' - ').at(-1))).toEqual(['first', 'second']);
    logger.close();
    closeSync(fd);
  });
});

describe('the option `output`', () => {
  const errorOf = (options: TracingModuleOptions): unknown => {
    try {
      return resolveOptions(options);
    } catch (error) {
      return (error as { code: unknown }).code;
    }
  };

  it('sends the lines of the module’s own logger to standard error', () => {
    const logger = openLogger(resolveOptions({ output: 'stderr' }));
    expect(logger.transports[0]).toMatchObject({ output: { target: { name: `fd ${STDERR}` } } });
    logger.close();
  });

  it('is one of two', () => {
    expect(errorOf({ output: 'file' as never })).toBe('INVALID_OUTPUT');
  });

  it.each([
    ['a logger', createLogger({ transports: new transports.Console() })],
    ['transports', { transports: new transports.Console() }],
  ])('does not go together with %s', (_name, logger) => {
    expect(errorOf({ output: 'stderr', logger })).toBe('CONFLICTING_OPTIONS');
    expect(errorOf({ output: 'stderr', logger: { level: 'debug' } })).not.toBe(
      'CONFLICTING_OPTIONS',
    );
  });
});
