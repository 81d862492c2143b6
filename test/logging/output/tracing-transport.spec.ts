import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import {
  TraceContext,
  TracingConfigError,
  traceJson,
  TracingLogger,
  traceLogger,
  TracingModule,
  TracingTransport,
  type TracingTransportOptions,
} from 'nestjs-tracing';
import { createLogger, format, type Logger } from 'winston';
import { MESSAGE } from '../../../src/logging/winston/winston-symbols.js';
import { plain } from '../../support/plain-format.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();

let folder: string;
let file: string;
let opened: TracingTransport[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  file = join(folder, 'app.log');
  opened = [];
});
afterEach(() => {
  jest.useRealTimers();
  for (const transport of opened) transport.close();
  rmSync(folder, { recursive: true });
});

const written = (): string => readFileSync(file, 'utf8');
const lines = (): string[] => written().split('\n').slice(0, -1);
const entries = () => lines().map((line) => JSON.parse(line) as Record<string, unknown>);

function open(options: TracingTransportOptions = {}): TracingTransport {
  const transport = new TracingTransport({ destination: file, ...options });
  opened.push(transport);
  return transport;
}

function logTo(transport: TracingTransport): Logger {
  return createLogger({ format: plain(), transports: [transport] });
}

describe('without a buffer', () => {
  it('the lines of a turn are written when it is over', async () => {
    const logger = logTo(open());
    for (const message of ['a', 'b', 'c']) logger.info(message);
    expect(written()).toBe('');
    await turn();
    expect(written()).toBe('a\nb\nc\n');
  });

  it('the lines of promises are of that turn too', async () => {
    const logger = logTo(open());
    logger.info('a');
    await Promise.resolve();
    logger.info('b');
    expect(written()).toBe('');
    await turn();
    expect(written()).toBe('a\nb\n');
  });

  it('of a very long turn, the first are not kept: 262,144 bytes at most', () => {
    const logger = logTo(open());
    logger.info('x'.repeat(262_142));
    expect(written()).toBe('');
    logger.info('');
    expect(written()).toHaveLength(262_144);
  });
});

describe('a buffer', () => {
  it('is written when it is full, to the byte', async () => {
    const logger = logTo(open({ bufferSize: 31 }));
    logger.info('123456789');
    logger.info('12345678é');
    logger.info('12345678');
    await turn();
    expect(written()).toBe('');
    logger.info('');
    expect(written()).toBe('123456789\n12345678é\n12345678\n\n');
    logger.info('next');
    await turn();
    expect(lines()).toHaveLength(4);
  });

  it.each([
    [undefined, 1000],
    [250, 250],
  ])('is written after its interval: %s', (flushInterval, milliseconds) => {
    jest.useFakeTimers({ doNotFake: ['nextTick'] });
    const logger = logTo(open({ bufferSize: 1000, flushInterval }));
    logger.info('a');
    jest.advanceTimersByTime(milliseconds - 1);
    logger.info('b');
    expect(written()).toBe('');
    jest.advanceTimersByTime(1);
    expect(written()).toBe('a\nb\n');
    logger.info('c');
    jest.advanceTimersByTime(milliseconds - 1);
    expect(written()).toBe('a\nb\n');
    jest.advanceTimersByTime(1);
    expect(written()).toBe('a\nb\nc\n');
  });

  it('has a timer only while something waits', () => {
    jest.useFakeTimers({ doNotFake: ['nextTick'] });
    const transport = open({ bufferSize: 10 });
    const logger = logTo(transport);
    const timers = (): number => jest.getTimerCount();
    expect(timers()).toBe(0);
    logger.info('a');
    logger.info('b');
    expect(timers()).toBe(1);
    logger.info('123456');
    expect([written(), timers()]).toEqual(['a\nb\n123456\n', 0]);
    logger.info('c');
    expect(transport.flush()).toBe(true);
    expect(timers()).toBe(0);
    logger.info('d');
    logger.close();
    expect(timers()).toBe(0);
    expect(written()).toBe('a\nb\n123456\nc\nd\n');
  });
});

describe('at once', () => {
  const withFatal = { fatal: 0, error: 1, info: 2 };

  it('a `fatal` entry is written, and all before it', () => {
    const logger = createLogger({
      levels: withFatal,
      format: plain(),
      transports: [open({ bufferSize: 1000 })],
    });
    logger.info('a');
    logger.log('fatal', 'b');
    expect(written()).toBe('a\nb\n');
    logger.error('c');
    expect(written()).toBe('a\nb\n');
  });

  it.each([
    ['that has the level', withFatal],
    ['that has none', undefined],
  ])('`TracingLogger.fatal` is written, on a logger %s', (_name, levels) => {
    const winston = createLogger({ levels, format: plain(), transports: [open()] });
    const logger = new TracingLogger(traceLogger(winston));
    logger.error('a');
    expect(written()).toBe('');
    logger.fatal('b');
    expect(lines()).toEqual(['a', 'b']);
  });

  it.each(['exception', 'rejection'])('an uncaught %s that winston logs is written', (mark) => {
    const logger = logTo(open({ handleExceptions: true }));
    logger.info('a');
    logger.log({ level: 'error', message: 'b', [mark]: true });
    expect(written()).toBe('a\nb\n');
    logger.close();
  });

  it('what waits is written by `flush`', () => {
    const transport = open();
    const logger = logTo(transport);
    logger.info('a');
    expect(transport.flush()).toBe(true);
    expect(written()).toBe('a\n');
    expect(transport.flush()).toBe(true);
  });
});

describe('with winston', () => {
  it('its own level, format and silence count', async () => {
    const loud = format((info) => {
      info[MESSAGE] = `${String(info[MESSAGE])}!`;
      return info.message === 'drop' ? false : info;
    });
    const transport = open({ level: 'warn', format: loud() });
    const logger = logTo(transport);
    logger.info('a');
    logger.warn('b');
    logger.error('drop');
    transport.silent = true;
    logger.error('c');
    await turn();
    expect(lines()).toEqual(['b!']);
    expect(transport.counts.written).toBe(1);
    const silent = logTo(open({ silent: true }));
    silent.error('d');
    await turn();
    expect(lines()).toEqual(['b!']);
  });

  it('a format that throws costs a warning, and not the line', async () => {
    const throwing = format(() => {
      throw new Error('on purpose');
    });
    const logger = logTo(open({ format: throwing() }));
    expect(() => logger.info('a')).not.toThrow();
    await turn();
    expect(entries()).toMatchObject([{ level: 'info', message: 'a' }]);
    expect(warn.mock.calls).toMatchObject([[{}, { code: 'TRACING_FORMAT_FAILED' }]]);
  });

  it.each([
    ['as it is', (logger: Logger) => logger],
    ['traced', traceLogger],
  ])('a logger and its children share it: %s', async (_name, wrap) => {
    const logger = wrap(createLogger({ format: traceJson(), transports: [open()] }));
    logger.info('a');
    logger.child({ user: 'alice' }).info('b', { amount: 12 });
    await turn();
    expect(entries()).toMatchObject([
      { message: 'a' },
      { message: 'b', user: 'alice', amount: 12 },
    ]);
  });

  it('everything is written when the logger has finished', async () => {
    const logger = logTo(open({ bufferSize: 1000 }));
    logger.info('a');
    const finished = new Promise((resolve) => logger.once('finish', resolve));
    logger.end();
    await finished;
    expect(written()).toBe('a\n');
  });

  it('a removed transport has written all, and one that is added again goes on', async () => {
    const transport = open();
    const logger = logTo(transport);
    logger.info('a');
    logger.remove(transport);
    expect(written()).toBe('a\n');
    logger.add(transport);
    logger.info('b');
    await turn();
    expect(written()).toBe('a\nb\n');
  });
});

describe('in an application', () => {
  it('its lines have the ids, and are written one by one when it shuts down', async () => {
    const transport = open({ bufferSize: 100_000 });
    @Module({ imports: [TracingModule.forRoot({ logger: { transports: [transport] } })] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const logger = app.get(TracingLogger);
    app.get(TraceContext).run({ requestId: 'req-001' }, () => logger.log('first'));
    await turn();
    expect(written()).toBe('');
    await app.close();
    logger.log('after');
    const [first, after] = entries().filter(({ message }) => /^first|after$/.test(String(message)));
    expect(first).toMatchObject({ message: 'first', request_id: 'req-001' });
    expect(after).toMatchObject({ message: 'after' });
  });
});

describe('a destination', () => {
  it('may be a file in a folder that does not exist yet, with `mkdir`', () => {
    const destination = join(folder, 'a', 'b', 'app.log');
    const transport = open({ destination, mkdir: true });
    logTo(transport).info('a');
    transport.flush();
    expect(readFileSync(destination, 'utf8')).toBe('a\n');
  });

  it('is appended to', () => {
    for (const message of ['a', 'b']) {
      const transport = open();
      logTo(transport).info(message);
      transport.close();
    }
    expect(written()).toBe('a\nb\n');
  });

  it('may be a descriptor, which stays open', () => {
    const fd = openSync(file, 'a');
    const transport = open({ destination: fd });
    const logger = logTo(transport);
    logger.info('a');
    logger.close();
    transport.write({ level: 'info', [MESSAGE]: 'b' });
    transport.close();
    expect(written()).toBe('a\nb\n');
    closeSync(fd);
  });

  it('is by default standard output', () => {
    expect(new TracingTransport()).toMatchObject({
      output: { target: { name: 'standard output' } },
    });
  });
});

describe('a wrong option stops the start, and says what to do', () => {
  const attempt = (options: unknown): TracingConfigError => {
    try {
      open(options as TracingTransportOptions);
    } catch (error) {
      expect(error).toBeInstanceOf(TracingConfigError);
      return error as TracingConfigError;
    }
    throw new Error('it was accepted');
  };
  const whole = 'a whole number from 0 to';

  it.each<[unknown, string, string]>([
    [{ bufferSise: 1 }, 'UNKNOWN_OPTION', 'did you mean `bufferSize`?'],
    [{ buffersize: 1 }, 'UNKNOWN_OPTION', 'did you mean `bufferSize`?'],
    [{ destination: '' }, 'INVALID_OPTION', 'a non-empty string'],
    [{ destination: null }, 'INVALID_OPTION', 'a non-empty string'],
    [{ destination: -1 }, 'INVALID_OPTION', whole],
    [{ destination: 1.5 }, 'INVALID_OPTION', whole],
    [{ destination: 2 ** 31 }, 'INVALID_OPTION', `${whole} 2147483647`],
    [{ destination: 9999 }, 'INVALID_DESTINATION', 'pass a descriptor that is open for writing'],
    [{ destination: '/dev/null/app.log' }, 'INVALID_DESTINATION', 'a part of the path is a file'],
    [{ destination: '/dev/null/a/b.log', mkdir: true }, 'INVALID_DESTINATION', 'name a file'],
    [{ destination: '/proc/app.log' }, 'INVALID_DESTINATION', 'name a file'],
    [{ destination: '/proc/logs/a/app.log' }, 'INVALID_DESTINATION', 'pass `mkdir: true`'],
    [{ destination: '/proc/logs/a/app.log', mkdir: true }, 'INVALID_DESTINATION', 'may create'],
    [{ destination: join(tmpdir(), 'no-such-folder/') }, 'INVALID_DESTINATION', 'not a folder'],
    [{ destination: 'x'.repeat(300) }, 'INVALID_DESTINATION', 'a shorter path'],
    [{ destination: `/${'x/'.repeat(3000)}x` }, 'INVALID_DESTINATION', 'a shorter path'],
    [{ destination: `${'x'.repeat(300)}/a`, mkdir: true }, 'INVALID_DESTINATION', 'a shorter path'],
    [{ destination: `a/\0/b`, mkdir: true }, 'INVALID_DESTINATION', 'name a file'],
    [{ destination: '/tmp/' }, 'INVALID_DESTINATION', 'name a file, not a folder'],
    [{ destination: '.' }, 'INVALID_DESTINATION', 'name a file, not a folder'],
    [{ destination: '/dev/fd/9999' }, 'INVALID_DESTINATION', 'name a file'],
    [{ mkdir: 'yes' }, 'INVALID_OPTION', '`true` or `false`'],
    [{ destination: '/tmp' }, 'INVALID_DESTINATION', 'name a file'],
    [{ destination: 'a\0b' }, 'INVALID_DESTINATION', 'name a file'],
    [{ bufferSize: -1 }, 'INVALID_OPTION', `${whole} 67108864`],
    [{ bufferSize: 67_108_865 }, 'INVALID_OPTION', `${whole} 67108864`],
    [{ bufferSize: '4096' }, 'INVALID_OPTION', whole],
    [{ flushInterval: NaN }, 'INVALID_OPTION', whole],
    [{ flushInterval: 2 ** 31 }, 'INVALID_OPTION', `${whole} 2147483647`],
    [{ format: format.json }, 'INVALID_OPTION', 'a winston format'],
    [{ level: 3 }, 'INVALID_OPTION', 'a non-empty string'],
    [{ silent: 'yes' }, 'INVALID_OPTION', '`true` or `false`'],
    [{ handleExceptions: 1 }, 'INVALID_OPTION', '`true` or `false`'],
    [{ handleRejections: 1 }, 'INVALID_OPTION', '`true` or `false`'],
  ])('%j', (options, code, fix) => {
    const error = attempt(options);
    expect(error.code).toBe(code);
    expect(error.fix).toContain(fix);
  });

  it('is nothing, or a list', () => {
    for (const options of [null, [], 'app.log']) {
      expect(() => new TracingTransport(options as never)).toThrow(TracingConfigError);
    }
  });

  it.each([
    { bufferSize: 0, flushInterval: 0 },
    { bufferSize: 67_108_864, flushInterval: 2 ** 31 - 1 },
  ])('the limits are right: %j', (options) => {
    expect(() => open(options)).not.toThrow();
  });

  it('is a file that is a folder', () => {
    mkdirSync(file);
    expect(attempt({}).message).toMatch(/^\[INVALID_DESTINATION\] .*EISDIR/);
  });

  it('is a folder that does not exist, which is named, and not created', () => {
    const error = attempt({ destination: join(folder, 'lgos', 'a', 'app.log') });
    expect(error.message).toContain(`the folder ${join(folder, 'lgos')} does not exist`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is a descriptor that is open for reading only, or that takes no bytes', () => {
    writeFileSync(file, '');
    const fd = openSync(file, 'r');
    expect(attempt({ destination: fd }).code).toBe('INVALID_DESTINATION');
    closeSync(fd);
    const directory = openSync(folder, 'r');
    expect(attempt({ destination: directory }).code).toBe('INVALID_DESTINATION');
    closeSync(directory);
  });

  it('is a socket with a path', async () => {
    const server = createServer().listen(file);
    await once(server, 'listening');
    expect(attempt({}).fix).toBe('name a file or a named pipe, not a socket.');
    server.close();
    await once(server, 'close');
  });
});
