import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import type { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe, type ChannelListener } from 'node:diagnostics_channel';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports } from 'winston';
import {
  Span,
  subscribeApplication,
  TraceContext,
  type ApplicationSubscription,
} from '../../src/index.js';
import { traceJson } from '../../src/logging/formats/json-format.js';
import { traceLogger } from '../../src/logging/winston/trace-logger.js';
import { APPLICATION, type Application } from '../../src/records/application.js';
import type { LogRecord } from '../../src/records/log-record.js';
import { sharedState } from '../../src/records/shared-state.js';
import { subscribeConsumer, type ApplicationHandlers } from '../../src/records/subscribe.js';
import { LineSink } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const LOG = 'nestjs-tracing:log';
const warn = spyOnWarnings();
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Subscribes for the time of one test. */
function listen(name: string, listener: ChannelListener): void {
  subscribe(name, listener);
  ends.push(() => unsubscribe(name, listener));
}

/** Calls a function with the text of each entry that is logged. */
function onLog(listener: (text: string) => unknown): void {
  listen(LOG, (entry) => listener((entry as LogRecord).text));
}

function tracedLogger() {
  const sink = new LineSink();
  const stream = new transports.Stream({ stream: sink });
  const logger = traceLogger(createLogger({ format: traceJson(), transports: stream }));
  return { logger, written: () => sink.lines.map(({ message }) => message) };
}

const REPEATS = [
  expect.stringContaining(`a subscriber of ${LOG} causes such events itself`),
  { type: 'TracingWarning', code: 'TRACING_SUBSCRIBER_REPEATS' },
];

describe('a subscriber of the log that logs', () => {
  it('gets the lines of others, not its own, which are written, with one warning', () => {
    const { logger, written } = tracedLogger();
    const seen: string[] = [];
    onLog((text) => {
      seen.push(text);
      logger.warn(`saw ${text}`);
    });
    for (const text of ['a', 'b']) logger.info(text);
    expect(seen).toEqual(['a', 'b']);
    expect(written()).toEqual(['saw a', 'a', 'saw b', 'b']);
    expect(warn.mock.calls).toEqual([REPEATS]);
  });

  it.each<[string, (log: () => void) => unknown]>([
    ['after an await', async (log) => (await sleep(1), log())],
    ['in a timer', (log) => setTimeout(log, 1)],
    ['in the next tick', (log) => process.nextTick(log)],
    ['in a microtask', (log) => queueMicrotask(log)],
    [
      'in a promise that rejects',
      async (log) => (await turn(), log(), Promise.reject(new Error())),
    ],
    ['in a timer of a promise', async (log) => (await turn(), setImmediate(log))],
    ['and then throws', (log) => (log(), JSON.parse('{'))],
  ])('does not get what it logs %s', async (_name, later) => {
    const { logger, written } = tracedLogger();
    let calls = 0;
    onLog(() => later(() => (calls++, logger.info('from it'))));
    logger.info('a');
    await sleep(30);
    expect(calls).toBe(1);
    expect(written().toSorted()).toEqual(['a', 'from it']);
    expect(warn.mock.calls).toContainEqual(REPEATS);
  });

  it('still gets what is logged elsewhere while it waits', async () => {
    const { logger } = tracedLogger();
    const seen: string[] = [];
    onLog(async (text) => {
      seen.push(text);
      await sleep(5);
      logger.info('from it');
    });
    logger.info('a');
    await sleep(1);
    logger.info('b');
    await sleep(20);
    expect(seen).toEqual(['a', 'b']);
  });

  it('hides its lines from no other subscriber', () => {
    const { logger } = tracedLogger();
    const seen: string[] = [];
    onLog((text) => void (text === 'a' && logger.info('from it')));
    onLog((text) => seen.push(text));
    logger.info('a');
    expect(seen).toEqual(['from it', 'a']);
  });

  it.each([2, 5])('does not keep others busy that log too: %i of them', async (count) => {
    const { logger, written } = tracedLogger();
    let calls = 0;
    for (let i = 0; i < count; i++) {
      onLog(async (text) => {
        calls++;
        logger.info(`${text}${i}`);
        await turn();
        logger.info(`${text}${i} later`);
      });
    }
    logger.info('a');
    await sleep(50);
    // Each gets the line, and the two that each of the others logs because of it.
    const expected = count + 2 * count * (count - 1);
    expect(calls).toBe(expected);
    expect(written()).toHaveLength(1 + 2 * expected);
  });

  it('does not get it from another copy of the package either', async () => {
    const { logger } = tracedLogger();
    jest.resetModules();
    const other = await import('../../src/logging/winston/trace-logger.js');
    expect(other.traceLogger).not.toBe(traceLogger);
    const second = other.traceLogger(
      createLogger({ transports: new transports.Stream({ stream: new LineSink() }) }),
    );
    let calls = 0;
    onLog(
      () => (calls++, second.info('from the other copy'), setTimeout(() => logger.info('later'))),
    );
    logger.info('a');
    second.info('b');
    await sleep(30);
    expect(calls).toBe(2);
  });
});

@Controller()
class OrdersController {
  @Get('orders')
  @Span()
  list(): string {
    new Logger('Orders').log('listing');
    return 'orders';
  }
}

describe.each(PLATFORMS)('subscribers that do things, on %s', (platform) => {
  const start = async () => {
    const app = await tracedApp(platform)
      .of({ controllers: [OrdersController] })
      .start();
    const trace = app.app.get(TraceContext);
    const act = (text: string): void => {
      new Logger('Subscriber').log(text);
      trace.span('own span', () => undefined);
      trace.run({}, () =>
        trace.span('inner', () => new Logger('Subscriber').log(`${text} in a run`)),
      );
    };
    return { ...app, act };
  };

  it.each(['log', 'request:start', 'request:finish', 'span:finish'])(
    'a raw subscriber of %s',
    async (name) => {
      const { send, sink, act } = await start();
      let calls = 0;
      listen(`nestjs-tracing:${name}`, async () => {
        calls++;
        act(name);
        await turn();
        act(`${name} later`);
        throw new Error('on purpose');
      });
      for (let i = 0; i < 3; i++) expect((await send('/orders')).status).toBe(200);
      await sink.finishes(3);
      await sleep(50);
      expect(calls).toBe(name === 'log' ? 6 : 3);
      const own = sink.lines.filter(({ context }) => context === 'Subscriber');
      expect(own).toHaveLength(4 * calls);
    },
  );

  it('a subscription is one subscriber, whichever of its handlers acts', async () => {
    const { app, send, sink, act } = await start();
    const seen: string[] = [];
    const subscription: ApplicationSubscription = subscribeApplication(app, {
      onRequestStart: () => (seen.push('start'), act('start')),
      onRequest: () => (seen.push('request'), act('request')),
      onSpan: () => (seen.push('span'), act('span')),
      onLog: ({ text }) => (seen.push(`log ${text}`), act('log')),
    });
    ends.push(() => subscription.unsubscribe());
    await send('/orders');
    await sink.finishes(1);
    await sleep(20);
    expect(seen).toEqual(['start', 'log listing', 'span', 'log Request finished', 'request']);
    expect(warn.mock.calls.map(([, options]) => (options as { code: string }).code)).toEqual([
      'TRACING_SUBSCRIBER_REPEATS',
    ]);
  });

  const consume = (app: object, handlers: ApplicationHandlers): void => {
    const application = (app as { get(token: symbol): Application }).get(APPLICATION);
    const subscription = subscribeConsumer(application, handlers);
    ends.push(() => subscription.unsubscribe());
  };

  it('a consumer that reads an object which logs does not get that, and others do', async () => {
    const { app, send, sink } = await start();
    const logger = new Logger('Entities');
    let reader = 'a format';
    const entity = { toJSON: () => (logger.log(`read by ${reader}`), { id: 7 }) };
    const seen: string[] = [];
    const others: string[] = [];
    consume(app, {
      onRequest: () => seen.push('request'),
      onLog: (entry) => {
        seen.push(entry.text);
        reader = 'the consumer';
        entry.forEachField(() => undefined);
        reader = 'a format';
      },
    });
    consume(app, { onLog: ({ text }) => others.push(text) });
    logger.log('saved', { entity });
    await send('/orders');
    await sink.finishes(1);
    const byFormat = seen.filter((text) => text === 'read by a format');
    expect(seen).toEqual(['saved', ...byFormat, 'listing', 'Request finished', 'request']);
    expect(others).toContain('read by the consumer');
    const written = sink.lines.map(({ message }) => message);
    expect(written.filter((text) => text === 'saved')).toHaveLength(1);
    expect(written).toContain('read by the consumer');
    expect(warn.mock.calls.map(([, options]) => (options as { code: string }).code)).toEqual([
      'TRACING_SUBSCRIBER_REPEATS',
    ]);
  });

  it('a consumer gets all that subscribers cause, and one that throws is called again', async () => {
    const { app, send, sink } = await start();
    const logger = new Logger('Subscriber');
    const seen: string[] = [];
    consume(app, {
      onLog: ({ text }) => {
        seen.push(text);
        throw new Error('on purpose');
      },
    });
    onLog((text) => text === 'listing' && logger.log('first'));
    onLog((text) => text === 'first' && logger.log('second'));
    await send('/orders');
    await sink.finishes(1);
    expect(seen.toSorted()).toEqual(['Request finished', 'first', 'listing', 'second']);
  });

  it('a consumer enters no async storage', async () => {
    const { app, send, sink } = await start();
    let events = 0;
    const inHandlers = new Set<unknown>();
    const { causes } = sharedState<{ causes: AsyncLocalStorage<unknown> }>('subscribers', () => {
      throw new Error('it is there');
    });
    const note = (): void => {
      events++;
      inHandlers.add(causes.getStore());
    };
    consume(app, { onRequestStart: note, onRequest: note, onSpan: note, onLog: note });
    await send('/orders');
    await sink.finishes(1);
    expect(events).toBe(5);
    expect([...inHandlers]).toEqual([undefined]);
  });
});
