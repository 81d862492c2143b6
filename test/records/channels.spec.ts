import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { channel, subscribe, unsubscribe, type ChannelListener } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports } from 'winston';
import { runWithSpan, runWithTrace } from '../../src/context/trace-store.js';
import { tracingChannels } from '../../src/records/channels.js';
import type { LogRecord } from '../../src/records/log-record.js';
import { traceJson } from '../../src/logging/formats/json-format.js';
import { traceLogger } from '../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { Span } from '../../src/trace/span.js';
import { LineSink } from '../support/line-sink.js';
import { spyOnWarnings } from '../support/warnings.js';

const NAMES = {
  requestStart: 'nestjs-tracing:request:start',
  requestFinish: 'nestjs-tracing:request:finish',
  spanFinish: 'nestjs-tracing:span:finish',
  log: 'nestjs-tracing:log',
} as const;
const CHANNELS = Object.entries(NAMES) as [keyof typeof NAMES, string][];
const LOG = NAMES.log;
const { policy } = resolveOptions();
const warn = spyOnWarnings();
const listening: [string, ChannelListener][] = [];

/** Subscribes for the time of one test. */
function listen<T extends ChannelListener>(name: string, listener: T): T {
  subscribe(name, listener);
  listening.push([name, listener]);
  return listener;
}

afterEach(() => {
  for (const [name, listener] of listening.splice(0)) unsubscribe(name, listener);
});

function tracedLogger() {
  const sink = new LineSink();
  const logger = traceLogger(
    createLogger({ format: traceJson(), transports: new transports.Stream({ stream: sink }) }),
  );
  return { logger, sink };
}

const openNew = () =>
  openTrace({ requestId: 'req-001' }, policy, { transport: 'test', startedAt: 0 });

describe.each(CHANNELS)('the channel %s', (key, name) => {
  const target = tracingChannels[key] as {
    hasSubscribers: boolean;
    publish(message: unknown): void;
  };
  const message = { some: 'message' };

  it('knows whether it has subscribers', () => {
    expect(target.hasSubscribers).toBe(false);
    const [a, b] = [jest.fn(), jest.fn()];
    subscribe(name, a);
    subscribe(name, b);
    expect(target.hasSubscribers).toBe(true);
    expect(channel(name).hasSubscribers).toBe(true);
    expect(unsubscribe(name, a)).toBe(true);
    expect(target.hasSubscribers).toBe(true);
    expect(unsubscribe(name, b)).toBe(true);
    expect(target.hasSubscribers).toBe(false);
  });

  it('passes a message to every subscriber, unchanged', () => {
    const [a, b] = [listen(name, jest.fn()), listen(name, jest.fn())];
    target.publish(message);
    for (const listener of [a, b]) expect(listener.mock.calls).toEqual([[message, name]]);
  });

  it('delivers nothing to a subscriber that has unsubscribed', () => {
    const listener = jest.fn();
    subscribe(name, listener);
    target.publish(message);
    unsubscribe(name, listener);
    target.publish(message);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(unsubscribe(name, listener)).toBe(false);
  });

  it('allows to subscribe again, and twice', () => {
    const listener = jest.fn();
    for (let i = 0; i < 3; i++) {
      subscribe(name, listener);
      target.publish(message);
      unsubscribe(name, listener);
    }
    expect(listener).toHaveBeenCalledTimes(3);
    channel(name).subscribe(listener);
    channel(name).subscribe(listener);
    target.publish(message);
    expect(listener).toHaveBeenCalledTimes(5);
    channel(name).unsubscribe(listener);
    channel(name).unsubscribe(listener);
    expect(target.hasSubscribers).toBe(false);
  });

  it('survives a subscriber that throws: one warning, and the others still get messages', async () => {
    const after = jest.fn();
    listen(name, () => {
      throw new Error('on purpose');
    });
    listen(name, after);
    for (let i = 0; i < 3; i++) expect(() => target.publish(message)).not.toThrow();
    // Node would end the process in the next turn.
    await sleep(5);
    expect(after).toHaveBeenCalledTimes(3);
    expect(warn.mock.calls).toEqual([
      [
        `nestjs-tracing: a subscriber of ${name} threw: on purpose`,
        { type: 'TracingWarning', code: 'TRACING_SUBSCRIBER_FAILED' },
      ],
    ]);
  });

  it.each([
    ['undefined', undefined],
    ['a string', 'why'],
    ['an object without a prototype', Object.create(null) as object],
  ])('survives a subscriber that throws %s', async (_name, reason) => {
    listen(name, () => {
      throw reason;
    });
    target.publish(message);
    await sleep(5);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe('the log channel', () => {
  it('publishes an entry at the call', () => {
    const { logger, sink } = tracedLogger();
    const events: LogRecord[] = [];
    listen(LOG, (event) => events.push(event as LogRecord));
    const trace = openNew();
    trace.setField('order', 17);
    const before = Date.now();
    runWithTrace(trace, () => logger.warn('paid', { amount: 12 }));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      level: 'warn',
      message: 'paid',
      trace,
      spanId: trace.spanId,
      fields: { order: 17 },
      entry: { amount: 12 },
    });
    expect(events[0]!.time).toBeGreaterThanOrEqual(before);
    expect(sink.lines[0]!['timestamp']).toBe(new Date(events[0]!.time).toISOString());
  });

  it('publishes the running span, and no trace outside a context', () => {
    const { logger } = tracedLogger();
    const events: LogRecord[] = [];
    listen(LOG, (event) => events.push(event as LogRecord));
    const trace = openNew();
    const span = new Span(trace, undefined, { name: 'work' }, undefined);
    trace.spanList = { records: [span], dropped: 0 };
    runWithTrace(trace, () => runWithSpan(span, () => logger.info('inside')));
    logger.info('outside');
    expect(events).toMatchObject([
      { message: 'inside', spanId: span.spanId },
      { message: 'outside', trace: undefined, spanId: undefined, fields: undefined },
    ]);
  });

  it('builds no message without subscribers', () => {
    const { logger, sink } = tracedLogger();
    const publish = jest.fn();
    Object.defineProperty(tracingChannels.log, 'publish', { value: publish, configurable: true });
    logger.info('a');
    Reflect.deleteProperty(tracingChannels.log, 'publish');
    expect(publish).not.toHaveBeenCalled();
    expect(sink.lines).toHaveLength(1);
  });

  it('publishes only while there is a subscriber', () => {
    const { logger, sink } = tracedLogger();
    const listener = jest.fn();
    logger.info('before');
    subscribe(LOG, listener);
    logger.info('now');
    unsubscribe(LOG, listener);
    logger.info('after');
    expect(listener.mock.calls).toMatchObject([[{ message: 'now' }, LOG]]);
    expect(sink.lines).toHaveLength(3);
  });

  it('does not publish an entry that no transport writes', () => {
    const { logger, sink } = tracedLogger();
    const listener = listen(LOG, jest.fn());
    logger.debug('off');
    expect(sink.raw).toEqual([]);
    expect(listener).not.toHaveBeenCalled();
  });

  it('loses no line when its subscriber throws, or logs itself', () => {
    const { logger, sink } = tracedLogger();
    listen(LOG, () => {
      logger.info('from a subscriber');
      throw new Error('on purpose');
    });
    logger.info('a');
    expect(sink.lines.map(({ message }) => message)).toEqual(['from a subscriber', 'a']);
  });
});
