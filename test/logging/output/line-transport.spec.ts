import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger, type Logger } from 'winston';
import { LineOutput } from '../../../src/logging/output/buffered-output.js';
import { descriptor } from '../../../src/logging/output/log-destination.js';
import { LineTransport } from '../../../src/logging/output/line-transport.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { MESSAGE } from '../../../src/logging/winston/winston-symbols.js';
import { plain } from '../../support/plain-format.js';

let folder: string;
let fd: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  fd = openSync(join(folder, 'lines'), 'a+');
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

const written = (): string => readFileSync(join(folder, 'lines'), 'utf8');

function open({ isImmediate = false, level = 'info' } = {}): [Logger, LineTransport] {
  const transport = new LineTransport(new LineOutput(descriptor(fd), { isImmediate }));
  return [createLogger({ level, format: plain(), transports: transport }), transport];
}

describe('the lines of one turn', () => {
  it('are written together, when it is over', async () => {
    const [logger] = open();
    for (const message of ['a', 'b', 'c']) logger.info(message);
    expect(written()).toBe('');
    await turn();
    expect(written()).toBe('a\nb\nc\n');
    logger.info('d');
    await turn();
    expect(written()).toBe('a\nb\nc\nd\n');
  });

  it('are written at once for a person who watches', () => {
    const [logger] = open({ isImmediate: true });
    logger.info('a');
    expect(written()).toBe('a\n');
  });

  it('are written at once when there are too many to keep', () => {
    const [logger] = open();
    const line = 'x'.repeat(1023);
    for (let i = 0; i < 255; i++) logger.info(line);
    expect(written()).toBe('');
    logger.info(line);
    expect(written()).toHaveLength(256 * 1024);
  });

  it('are in order, for any size', async () => {
    const [logger] = open();
    const lines = Array.from({ length: 500 }, (_, i) => `${i}-${'é'.repeat((i * 37) % 3000)}`);
    for (const line of lines) logger.info(line);
    await turn();
    expect(written().split('\n').slice(0, -1)).toEqual(lines);
  });

  it('are written when the transport is closed or removed', () => {
    const [logger, transport] = open();
    logger.info('a');
    logger.remove(transport);
    expect(written()).toBe('a\n');
    const [other] = open();
    other.info('b');
    other.close();
    expect(written()).toBe('a\nb\n');
  });

  it('are written when the logger has finished', async () => {
    const [logger] = open();
    logger.info('a');
    const finished = new Promise((resolve) => logger.once('finish', resolve));
    logger.end();
    await finished;
    await turn();
    expect(written()).toBe('a\n');
  });
});

describe('what winston asks of a transport', () => {
  const all = async (log: (logger: Logger, transport: LineTransport) => void) => {
    const [logger, transport] = open({ level: 'silly' });
    log(logger, transport);
    await turn();
    return written().split('\n').slice(0, -1);
  };

  it.each([
    ['error', ['error']],
    ['info', ['error', 'warn', 'info']],
    ['silly', ['error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly']],
  ])('its own level: %s', async (level, expected) => {
    const lines = await all((logger, transport) => {
      transport.level = level;
      for (const name of Object.keys(logger.levels)) logger.log(name, name);
    });
    expect(lines).toEqual(expected);
  });

  it('the level of its logger, also when that changes', async () => {
    const lines = await all((logger) => {
      logger.level = 'warn';
      logger.info('a');
      logger.warn('b');
      logger.level = 'info';
      logger.info('c');
    });
    expect(lines).toEqual(['b', 'c']);
  });

  it('silence', async () => {
    const lines = await all((logger, transport) => {
      transport.silent = true;
      logger.info('a');
      transport.silent = false;
      logger.info('b');
    });
    expect(lines).toEqual(['b']);
  });

  it('exceptions only when they are handled', async () => {
    const lines = await all((logger, transport) => {
      logger.log({ level: 'error', message: 'a', exception: true });
      transport.handleExceptions = true;
      logger.log({ level: 'error', message: 'b', exception: true });
    });
    expect(lines).toEqual(['b']);
  });

  it('to be written to by hand', async () => {
    const next = jest.fn();
    const lines = await all((_logger, transport) => {
      transport.log({ [MESSAGE]: 'a', [Symbol.for('level')]: 'info' } as never, next);
    });
    expect(lines).toEqual(['a']);
    expect(next).toHaveBeenCalledTimes(1);
  });
});

describe('a descriptor that cannot be written to', () => {
  it('costs one warning, and no call', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const readOnly = openSync(join(folder, 'lines'), 'r');
    const transport = new LineTransport(new LineOutput(descriptor(readOnly)));
    const logger = traceLogger(createLogger({ format: plain(), transports: transport }));
    for (let i = 0; i < 3; i++) {
      expect(() => logger.info('a')).not.toThrow();
      await turn();
    }
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining(`could not be written to fd ${readOnly}`),
        { type: 'TracingWarning', code: 'TRACING_WRITE_FAILED' },
      ],
    ]);
    logger.close();
    closeSync(readOnly);
    warn.mockRestore();
  });
});
