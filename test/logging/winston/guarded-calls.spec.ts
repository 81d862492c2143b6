import { describe, expect, it } from '@jest/globals';
import { createLogger, format, transports, type Logger } from 'winston';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { LineSink } from '../../support/line-sink.js';

const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
const throwing = (more: object = {}): object =>
  Object.defineProperty({ ...more }, 'a', {
    enumerable: true,
    get: () => {
      throw new Error('on purpose');
    },
  });
const frozen = Object.freeze({ message: 'frozen', a: 1 });
const frozenError = Object.freeze(new TypeError('frozen'));
const THREW = '[Threw: on purpose]';

function open(isOwnFormat = false) {
  const sink = new LineSink();
  const logger = createLogger({
    format: isOwnFormat ? format.combine(format.splat(), format.json()) : traceJson(),
    transports: [new transports.Stream({ stream: sink })],
  });
  return { logger: traceLogger(logger), sink };
}

type Write = (logger: Logger) => unknown;

describe('a call of a winston logger', () => {
  it.each<[name: string, write: Write, entry: object]>([
    ['a revoked proxy', (log) => log.info(proxy), { message: '[unreadable]' }],
    ['one behind the message', (log) => log.info('x', proxy), { message: 'x [unreadable]' }],
    ['one behind an object', (log) => log.warn('x', { b: 2 }, proxy), { message: 'x', b: 2 }],
    [
      'one for a placeholder',
      (log) => log.info('x %s', proxy),
      { message: expect.stringMatching(/^x .+/) },
    ],
    ['one by log()', (log) => log.log('info', proxy), { message: '[unreadable]' }],
    ['one by log(), behind', (log) => log.log('info', 'x', proxy), { message: 'x [unreadable]' }],
    [
      'one instead of an entry',
      (log) => log.log(proxy as never),
      { level: 'error', message: '[unreadable]' },
    ],
    ['a getter', (log) => log.info('x', throwing({ b: 2 })), { message: 'x', a: THREW, b: 2 }],
    [
      'a getter of the message',
      (log) => log.info(throwing({ message: 'm' })),
      { message: 'm', a: THREW },
    ],
    ['a getter, by log()', (log) => log.log('info', 'x', throwing()), { message: 'x', a: THREW }],
    [
      'a getter of an entry',
      (log) => log.log(throwing({ level: 'info', message: 'm' }) as never),
      { message: 'm', a: THREW },
    ],
    ['a frozen object', (log) => log.info(frozen), { message: 'frozen', a: 1 }],
    ['a frozen object, by log()', (log) => log.log('info', frozen), { message: 'frozen', a: 1 }],
    [
      'a frozen error',
      (log) => log.info(frozenError),
      { message: 'frozen', error: { name: 'TypeError' } },
    ],
    [
      'a child, with a proxy',
      (log) => log.child({ c: 3 }).info('x', proxy),
      { message: 'x [unreadable]', c: 3 },
    ],
  ])('survives %s', (_, write, entry) => {
    const { logger, sink } = open();
    write(logger);
    expect(sink.lines).toMatchObject([entry]);
    const other = open(true);
    write(other.logger);
    expect(other.sink.lines).toHaveLength(1);
  });

  it('is passed on as it is otherwise', () => {
    const { logger, sink } = open();
    const { info } = logger;
    expect(logger.info('a')).toBe(logger);
    expect(logger.log('info', 'b', { c: 1 })).toBe(logger);
    info('d');
    expect(sink.lines.map(({ message }) => message)).toEqual(['a', 'b', 'd']);
    // A mistake that winston reports is still reported.
    expect(() => logger.log('only a level' as never)).toThrow(TypeError);
  });
});
