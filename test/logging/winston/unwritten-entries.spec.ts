import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { createLogger, format, transports, type Logger } from 'winston';
import { traceLogger } from '../../../src/index.js';

function nowhere(seen: unknown[] = []): Writable {
  return new Writable({
    objectMode: true,
    write(entry, _encoding, next) {
      seen.push(entry);
      next();
    },
  });
}

function counted(options: { level?: string; transportLevel?: string } = {}) {
  const formatted: unknown[] = [];
  const counting = format((entry) => {
    formatted.push(entry.message);
    return entry;
  });
  const logger = traceLogger(
    createLogger({
      level: options.level ?? 'info',
      format: counting(),
      transports: new transports.Stream({ stream: nowhere(), level: options.transportLevel }),
    }),
  );
  return { logger, formatted };
}

function logAll(logger: Logger): void {
  logger.info('written');
  logger.debug('left out');
  logger.log({ level: 'debug', message: 'left out too' });
}

describe('an entry that no transport writes', () => {
  it('is not formatted', () => {
    const { logger, formatted } = counted();
    logAll(logger);
    expect(formatted).toEqual(['written']);
  });

  it('is not formatted by a child either', () => {
    const { logger, formatted } = counted();
    logAll(logger.child({ component: 'payments' }));
    expect(formatted).toEqual(['written']);
  });

  it('is formatted as soon as a level is changed', () => {
    const { logger, formatted } = counted();
    logger.level = 'debug';
    logAll(logger);
    expect(formatted).toEqual(['written', 'left out', 'left out too']);
  });

  it('is formatted where a transport has a level of its own', () => {
    const { logger, formatted } = counted({ level: 'error', transportLevel: 'debug' });
    logAll(logger);
    expect(formatted).toEqual(['written', 'left out', 'left out too']);
  });

  it('is formatted for a stream that knows no levels', () => {
    const { logger, formatted } = counted();
    const seen: unknown[] = [];
    logger.pipe(nowhere(seen));
    logAll(logger);
    expect(formatted).toEqual(['written', 'left out', 'left out too']);
    expect(seen).toHaveLength(3);
  });

  it('is formatted for a listener', () => {
    const { logger, formatted } = counted();
    logger.on('data', () => {});
    logAll(logger);
    expect(formatted).toEqual(['written', 'left out', 'left out too']);
  });
});
