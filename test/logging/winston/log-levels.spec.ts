import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import * as fc from 'fast-check';
import { config, format, transports, type Logform } from 'winston';
import { LineSink } from '../../support/line-sink.js';
import { makeTracingLogger, WITH_FATAL } from '../../support/tracing-logger.js';

const LEVELS = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] as const;

afterEach(() => {
  Logger.overrideLogger(new ConsoleLogger());
  jest.restoreAllMocks();
});

describe('a level that is off', () => {
  /** Notices if anybody looks at it. */
  function untouchable(): object {
    const touch = (): never => {
      throw new Error('was touched');
    };
    const traps = Reflect.ownKeys(Reflect).filter((trap) => typeof trap === 'string');
    return new Proxy(touch, Object.fromEntries(traps.map((trap) => [trap, touch])));
  }

  it.each(LEVELS)('touches no argument and calls nothing: %s', (level) => {
    const transform = jest.fn((info: Logform.TransformableInfo) => info);
    const { logger, winston, sink } = makeTracingLogger({
      level: 'none',
      format: format(transform)(),
    });
    const write = jest.spyOn(winston, 'write');
    logger[level](untouchable(), untouchable(), 'Ctx');
    expect(write).not.toHaveBeenCalled();
    expect(transform).not.toHaveBeenCalled();
    expect(sink.raw).toEqual([]);
    expect(logger.isLevelEnabled(level)).toBe(false);
  });

  it.each([
    ['error', ['error', 'fatal']],
    ['warn', ['warn', 'error', 'fatal']],
    ['info', ['log', 'warn', 'error', 'fatal']],
    ['debug', ['verbose', 'debug', 'log', 'warn', 'error', 'fatal']],
  ])('is decided by winston’s level: %s', (level, expected) => {
    const { logger, sink } = makeTracingLogger({ level });
    for (const name of LEVELS) logger[name](name);
    expect(sink.lines.map(({ message }) => message)).toEqual(expected);
    expect(LEVELS.filter((name) => logger.isLevelEnabled(name))).toEqual(expected);
  });

  it('follows winston’s level when that changes', () => {
    const { logger, winston, sink } = makeTracingLogger({ level: 'error' });
    logger.log('a');
    winston.level = 'info';
    logger.log('b');
    winston.level = 'error';
    logger.log('c');
    expect(sink.lines.map(({ message }) => message)).toEqual(['b']);
  });

  it('is on when one transport wants it, and that one alone gets it', () => {
    const [quiet, loud] = [new LineSink(), new LineSink()];
    const { logger, winston } = makeTracingLogger({
      level: 'error',
      transports: [
        new transports.Stream({ stream: quiet }),
        new transports.Stream({ stream: loud, level: 'debug' }),
      ],
    });
    logger.debug('a');
    expect([quiet.raw.length, loud.raw.length]).toEqual([0, 1]);
    for (const level of LEVELS) {
      const name = { log: 'info', fatal: 'error' }[level as string] ?? level;
      expect(logger.isLevelEnabled(level)).toBe(winston.isLevelEnabled(name));
    }
  });

  it('is decided as winston decides it, for any levels of logger and transports', () => {
    const level = fc.constantFrom(...Object.keys(config.npm.levels), 'unknown');
    const own = fc.array(fc.option(level, { nil: undefined }), { maxLength: 3 });
    fc.assert(
      fc.property(level, own, (ofLogger, ofTransports) => {
        const { logger, winston } = makeTracingLogger({
          level: ofLogger,
          transports: ofTransports.map(
            (of) => new transports.Console({ silent: true, ...(of && { level: of }) }),
          ),
        });
        fc.pre(ofLogger !== 'unknown' && !ofTransports.includes('unknown'));
        for (const [nest, name] of [
          ['log', 'info'],
          ['debug', 'debug'],
          ['error', 'error'],
        ] as const) {
          expect(logger.isLevelEnabled(nest)).toBe(winston.isLevelEnabled(name));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('setLogLevels', () => {
  const subset = fc.subarray([...LEVELS]);

  it.each([
    ['fatal', { levels: WITH_FATAL }],
    ['no fatal', {}],
  ])('means what it means to NestJS’s own logger, with %s in winston', (_name, options) => {
    fc.assert(
      fc.property(fc.array(subset, { minLength: 1, maxLength: 3 }), (calls) => {
        const { logger } = makeTracingLogger(options);
        const nest = new ConsoleLogger();
        for (const levels of calls) {
          logger.setLogLevels(levels);
          nest.setLogLevels(levels);
          for (const level of LEVELS) {
            expect([level, logger.isLevelEnabled(level)]).toEqual([
              level,
              nest.isLevelEnabled(level),
            ]);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('turns on what winston had off, and winston’s own calls follow', () => {
    const { logger, winston, sink } = makeTracingLogger({ level: 'error' });
    logger.setLogLevels(['debug', 'warn']);
    for (const level of LEVELS) logger[level](level);
    winston.debug('direct');
    winston.silly('direct');
    expect(sink.lines.map(({ message }) => message)).toEqual([
      'debug',
      'warn',
      'error',
      'fatal',
      'direct',
    ]);
  });

  it('turns everything off with an empty list', () => {
    const { logger, sink } = makeTracingLogger();
    logger.setLogLevels([]);
    for (const level of LEVELS) logger[level](level);
    expect(sink.raw).toEqual([]);
  });

  it('reaches loggers that exist already, through NestJS', () => {
    const { logger, sink } = makeTracingLogger();
    Logger.overrideLogger(logger);
    const early = new Logger('Early');
    Logger.overrideLogger(['error']);
    early.log('off');
    early.error('on');
    expect(sink.lines.map(({ message }) => message)).toEqual(['on']);
  });
});
