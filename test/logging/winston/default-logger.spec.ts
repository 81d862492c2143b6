import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, format, transports, type LoggerOptions } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { openLogger } from '../../../src/logging/winston/default-logger.js';
import { LineTransport } from '../../../src/logging/output/line-transport.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import type { TracingModuleOptions } from '../../../src/options/tracing-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { LineSink } from '../../support/line-sink.js';

const { policy } = resolveOptions();
const { isTTY } = process.stdout;
const { NO_COLOR } = process.env;

afterEach(() => {
  process.stdout.isTTY = isTTY;
  if (NO_COLOR === undefined) delete process.env['NO_COLOR'];
  else process.env['NO_COLOR'] = NO_COLOR;
});

/** What the logger writes that the options ask for, if its lines go to a sink. */
function linesOf(options: TracingModuleOptions, log: LoggerOptions = {}): string[] {
  const sink = new LineSink();
  const logger = openLogger(
    resolveOptions({
      ...options,
      logger: { ...log, transports: new transports.Stream({ stream: sink }) },
    }),
  );
  const trace = openTrace({ requestId: 'req-001' }, policy, { transport: 'test', startedAt: 0 });
  runWithTrace(trace, () => {
    for (const level of Object.keys(logger.levels)) logger.log(level, level, { amount: 12 });
  });
  return sink.raw;
}

describe('the module’s own logger', () => {
  it('writes to standard output, from level info, NestJS’s fatal above winston’s levels', () => {
    const logger = openLogger(resolveOptions());
    expect(logger.transports).toEqual([expect.any(LineTransport)]);
    expect(logger.level).toBe('info');
    expect(Object.keys(logger.levels)).toEqual([
      'fatal',
      'error',
      'warn',
      'info',
      'http',
      'debug',
      'verbose',
      'silly',
    ]);
    logger.close();
  });

  it('orders levels as NestJS does: `verbose` is below `debug`', () => {
    const logger = openLogger(resolveOptions({ level: 'debug' }));
    expect([logger.isLevelEnabled('debug'), logger.isLevelEnabled('verbose')]).toEqual([
      true,
      false,
    ]);
    logger.level = 'verbose';
    expect([logger.isLevelEnabled('debug'), logger.isLevelEnabled('verbose')]).toEqual([
      true,
      true,
    ]);
    logger.close();
  });

  it.each(['error', 'debug', 'silly'])('writes from the configured level: %s', (level) => {
    const logger = openLogger(resolveOptions({ level }));
    expect(logger.level).toBe(level);
    logger.close();
  });

  it('writes JSON with the service, its levels and ids', () => {
    const lines = linesOf({ format: 'json', service: 'payments' }).map(
      (line) => JSON.parse(line) as object,
    );
    expect(lines).toMatchObject(
      ['fatal', 'error', 'warn', 'info'].map((level) => ({
        level,
        message: level,
        request_id: 'req-001',
        service: 'payments',
        amount: 12,
      })),
    );
  });

  it('writes JSON in the words of a backend', () => {
    const [first] = linesOf({ format: 'json', preset: 'ecs' });
    expect(JSON.parse(first!)).toMatchObject({
      'log.level': 'fatal',
      'http.request.id': 'req-001',
    });
  });

  it.each([
    [true, undefined, true],
    [true, '1', false],
    [false, undefined, false],
  ])(
    'writes text, in colour on a terminal: %s, unless NO_COLOR is %s',
    (isTerminal, noColor, hasColor) => {
      process.stdout.isTTY = isTerminal;
      if (noColor !== undefined) process.env['NO_COLOR'] = noColor;
      const [first] = linesOf({ format: 'text' });
      expect(first).toContain('FATAL');
      expect(first!.includes('\u001b[')).toBe(hasColor);
    },
  );
});

describe('options of a logger', () => {
  it('may bring a format, a level and levels', () => {
    const log = {
      levels: { bad: 0, good: 1, fine: 2 },
      level: 'good',
      format: format.combine(format.label({ label: 'mine' }), format.json()),
    };
    const lines = linesOf({}, log).map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject(
      ['bad', 'good'].map((level) => ({ level, label: 'mine', request_id: 'req-001' })),
    );
  });

  it('may bring fields of every line', () => {
    const [first] = linesOf({ format: 'json' }, { defaultMeta: { pod: 'a' } });
    expect(JSON.parse(first!)).toMatchObject({ pod: 'a', amount: 12 });
  });
});

describe('a logger of the user’s', () => {
  it('is taken as it is, and traced', () => {
    const sink = new LineSink();
    const logger = createLogger({
      format: format.json(),
      transports: new transports.Stream({ stream: sink }),
    });
    expect(openLogger(resolveOptions({ logger }))).toBe(logger);
    const trace = openTrace({ requestId: 'req-001' }, policy, { transport: 'test', startedAt: 0 });
    runWithTrace(trace, () => logger.info('x'));
    expect(sink.lines).toMatchObject([{ message: 'x', request_id: 'req-001' }]);
  });
});
