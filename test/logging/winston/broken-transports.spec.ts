import { describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import winston, { createLogger, transports, type Logger } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { MESSAGE } from '../../../src/logging/winston/winston-symbols.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { eventually, LineSink } from '../../support/line-sink.js';
import { spyOnWarnings } from '../../support/warnings.js';

type WinstonTransport = Logger['transports'][number];
type Next = (error?: Error) => void;

// winston exports its base class, but its types do not say so.
const { Transport } = winston as unknown as {
  Transport: new (options?: object) => WinstonTransport;
};
const { policy } = resolveOptions();
const warn = spyOnWarnings();

const LINES = 30;
const broken = new Error('on purpose');
const throwing = (): never => {
  throw broken;
};

/** Logs lines, some of them at once and some in turns of their own, each in its own trace. */
async function logLines(logger: Logger): Promise<void> {
  for (let i = 0; i < LINES; i++) {
    const trace = openTrace({ requestId: `r-${i}` }, policy, { transport: 'test', startedAt: 0 });
    runWithTrace(trace, () => {
      expect(() => logger.info(`m-${i}`)).not.toThrow();
    });
    if (i % 10 === 9) await sleep(2);
  }
}

function transportThat(log: (this: WinstonTransport, info: unknown, next: Next) => unknown) {
  const transport = new Transport();
  transport.log = log;
  return transport;
}

/** [what it does, the transport, the warning that it costs] */
const BROKEN: Record<string, readonly [make: () => WinstonTransport, code: string | undefined]> = {
  throws: [
    () =>
      transportThat(() => {
        throw broken;
      }),
    'TRACING_TRANSPORT_FAILED',
  ],
  'throws after it called back': [
    () =>
      transportThat((_info, next) => {
        next();
        throw broken;
      }),
    'TRACING_TRANSPORT_FAILED',
  ],
  'throws an object without a prototype': [
    () =>
      transportThat(() => {
        throw Object.create(null);
      }),
    'TRACING_TRANSPORT_FAILED',
  ],
  'is an async function that throws': [
    () =>
      transportThat(async () => {
        await sleep(1);
        throw broken;
      }),
    'TRACING_TRANSPORT_FAILED',
  ],
  'calls back with an error': [
    () => transportThat((_info, next) => next(broken)),
    'TRACING_TRANSPORT_FAILED',
  ],
  'calls back with an error, later': [
    () => transportThat((_info, next) => setTimeout(next, 1, broken)),
    'TRACING_TRANSPORT_FAILED',
  ],
  'emits an error': [
    () =>
      transportThat(function (_info, next) {
        this.emit('error', broken);
        next();
      }),
    'TRACING_TRANSPORT_FAILED',
  ],
  'emits an error, later': [
    () =>
      transportThat(function (_info, next) {
        setTimeout(() => this.emit('error', broken), 1);
        next();
      }),
    'TRACING_TRANSPORT_FAILED',
  ],
  'never calls back': [() => transportThat(() => {}), undefined],
  'calls back twice': [
    () =>
      transportThat((_info, next) => {
        next();
        next();
      }),
    undefined,
  ],
  'throws in `_write`': [
    () =>
      Object.assign(
        transportThat(() => {}),
        { _write: throwing },
      ),
    'TRACING_TRANSPORT_FAILED',
  ],
  'throws in `write`': [
    () =>
      Object.assign(
        transportThat(() => {}),
        { write: throwing },
      ),
    'TRACING_TRANSPORT_FAILED',
  ],
  'throws in `logv`, which gets what has waited': [
    () => {
      const transport = transportThat((_info, next) => setTimeout(next, 1));
      transport.logv = () => {
        throw broken;
      };
      return transport;
    },
    'TRACING_TRANSPORT_FAILED',
  ],
  'is of winston 2, and throws': [
    () => {
      const legacy = Object.assign(
        transportThat(() => {}),
        {
          name: 'legacy',
          log: (_level: string, _message: string, _meta: object, _next: Next) => {
            throw broken;
          },
        },
      );
      return legacy as unknown as WinstonTransport;
    },
    'TRACING_TRANSPORT_FAILED',
  ],
  'was ended': [
    () => {
      const transport = transportThat((_info, next) => next());
      transport.end();
      return transport;
    },
    undefined,
  ],
  'was destroyed': [
    () => {
      const transport = transportThat((_info, next) => next());
      transport.destroy();
      return transport;
    },
    undefined,
  ],
  'writes to a stream that throws': [
    () => {
      const stream = new LineSink();
      stream.write = () => {
        throw broken;
      };
      return new transports.Stream({ stream });
    },
    'TRACING_TRANSPORT_FAILED',
  ],
};

describe.each(Object.entries(BROKEN))('a transport that %s', (name, [make, code]) => {
  it('costs at most a warning: other transports, before and behind it, get every line', async () => {
    if (name.includes('winston 2')) jest.spyOn(console, 'error').mockImplementation(() => {});
    const [before, behind] = [new LineSink(), new LineSink()];
    const logger = traceLogger(
      createLogger({
        format: traceJson(),
        transports: [
          new transports.Stream({ stream: before }),
          make(),
          new transports.Stream({ stream: behind }),
        ],
      }),
    );
    await logLines(logger);
    await eventually(() => [before, behind].every(({ raw }) => raw.length >= LINES), 'the lines');

    const expected = Array.from({ length: LINES }, (_, i) => [`m-${i}`, `r-${i}`]);
    for (const { lines } of [before, behind]) {
      expect(lines.map(({ message, request_id }) => [message, request_id])).toEqual(expected);
    }
    const codes = warn.mock.calls.map(([, options]) => (options as { code: string }).code);
    if (code === undefined) expect(codes.length).toBeLessThanOrEqual(1);
    else expect(codes).toEqual([code]);
  });

  it('fails no call when it comes later', async () => {
    if (name.includes('winston 2')) jest.spyOn(console, 'error').mockImplementation(() => {});
    const sink = new LineSink();
    const logger = traceLogger(
      createLogger({ format: traceJson(), transports: new transports.Stream({ stream: sink }) }),
    );
    logger.add(make());
    await logLines(logger);
    await eventually(() => sink.raw.length >= LINES, 'the lines');
    expect(sink.lines).toHaveLength(LINES);
  });
});

describe('a transport that recovers', () => {
  it('gets the later lines, after it threw', async () => {
    const got: unknown[] = [];
    let calls = 0;
    const transport = transportThat((info, next) => {
      calls++;
      if (calls <= 3) throw broken;
      got.push((info as { message: string }).message);
      next();
    });
    const logger = traceLogger(createLogger({ format: traceJson(), transports: transport }));
    await logLines(logger);
    expect(got).toEqual(Array.from({ length: LINES - 3 }, (_, i) => `m-${i + 3}`));
  });

  it('gets every line but the one at which it throws, also of those that have waited', async () => {
    const got: string[] = [];
    const transport = transportThat((info, next) => {
      const { message } = info as { message: string };
      if (message === 'm-5') throw broken;
      got.push(message);
      setTimeout(next, 1);
    });
    const logger = traceLogger(createLogger({ format: traceJson(), transports: transport }));
    await logLines(logger);
    await eventually(() => got.length >= LINES - 1, 'the lines');
    expect(got).toEqual(
      Array.from({ length: LINES }, (_, i) => `m-${i}`).filter((m) => m !== 'm-5'),
    );
  });

  it('gets every line, after it was slow', async () => {
    const got: string[] = [];
    let release: Next | undefined;
    const transport = transportThat((info, next) => {
      got.push((info as { message: string }).message);
      if (got.length === 1) release = next;
      else next();
    });
    const logger = traceLogger(createLogger({ format: traceJson(), transports: transport }));
    await logLines(logger);
    expect(got).toHaveLength(1);
    release!();
    await eventually(() => got.length === LINES, 'all lines');
    expect(got).toEqual(Array.from({ length: LINES }, (_, i) => `m-${i}`));
  });
});

describe('a transport that never calls back', () => {
  it('is reported after ten seconds, once, and its backlog is bounded', () => {
    let now = 1_000_000;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const dead = transportThat(() => {});
    const sink = new LineSink();
    const logger = traceLogger(
      createLogger({
        format: traceJson(),
        transports: [dead, new transports.Stream({ stream: sink })],
      }),
    );
    logger.info('first');
    logger.info('second');
    now += 9_999;
    logger.info('third');
    expect(warn).not.toHaveBeenCalled();
    now += 2;
    logger.info('fourth');
    logger.info('fifth');
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining('has not called back for 10 s'),
        { type: 'TracingWarning', code: 'TRACING_TRANSPORT_STALLED' },
      ],
    ]);
    expect(sink.lines).toHaveLength(5);

    for (let i = 0; i < 100_100; i++) dead.write({ level: 'info', message: 'x' });
    expect(dead.writableLength).toBe(100_000);
    jest.mocked(Date.now).mockRestore();
  });

  it('holds at most 64 MiB of lines', () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    let now = 1_000_000;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const dead = transportThat(() => {});
    traceLogger(createLogger({ format: traceJson(), transports: dead })).info('stuck');
    const line = 'x'.repeat(64 * 1024);
    for (let i = 0; i < 10; i++) dead.write({ level: 'info', message: 'x', [MESSAGE]: line });
    now += 10_001;
    for (let i = 0; i < 2_000; i++) dead.write({ level: 'info', message: 'x', [MESSAGE]: line });
    expect(dead.writableLength).toBeGreaterThan(900);
    expect(dead.writableLength).toBeLessThanOrEqual(1_024);
    jest.mocked(Date.now).mockRestore();
  });
});
