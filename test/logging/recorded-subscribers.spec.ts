import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Param } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports } from 'winston';
import { OtlpModule } from 'nestjs-tracing/otlp';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import {
  LogLevels,
  subscribeApplication,
  traceJson,
  type TracingModuleOptions,
} from '../../src/index.js';
import { verbosity } from '../../src/logging/verbosity.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';
import { StreamReader } from '../viewer/support.js';

@Controller()
class OrdersController {
  private readonly logger = new Logger('Orders');

  @Get('orders/:n')
  async order(@Param('n') n: string): Promise<string> {
    this.logger.debug(`first ${n}`);
    await sleep(Number(n) % 7);
    this.logger.log(`written ${n}`);
    this.logger.debug(`second ${n}`);
    if (Number(n) % 2 === 1) throw new Error(`broken ${n}`);
    return n;
  }
}

function start(
  platform: Platform,
  options: TracingModuleOptions,
  imports: object[] = [],
): Promise<TracedApp> {
  const sink = new LineSink();
  const logger = createLogger({
    level: 'info',
    format: traceJson({ service: 'test' }),
    transports: new transports.Stream({ stream: sink }),
  });
  return tracedApp(platform, sink)
    .with({ logger, ...options })
    .of({ controllers: [OrdersController], imports: imports as never[] })
    .start();
}

const EXPECTED = (n: number): string[] => [
  `written ${n}`,
  `broken ${n}`,
  `first ${n}`,
  `second ${n}`,
  'Request finished',
];

const messages = ({ sink }: TracedApp, level: string): string[] =>
  sink.lines.filter((line) => line.level === level).map(({ message }) => message);

describe.each(PLATFORMS)('subscribers of recorded entries on %s', (platform) => {
  it('see each once and in order, and those of requests that end well never', async () => {
    const { app, send, sink } = await start(platform, { flightRecorder: true });
    const seen: { id: string; text: string; isRecorded: boolean; time: number }[] = [];
    const subscription = subscribeApplication(app, {
      onLog: ({ trace, text, entry, time }) =>
        seen.push({
          id: trace?.requestId ?? '',
          text,
          isRecorded: entry['recorded'] === true,
          time,
        }),
    });
    const count = 20;
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        send(`/orders/${n}`, { headers: { 'x-request-id': `r-${n}` } }),
      ),
    );
    await sink.finishes(count);
    subscription.unsubscribe();
    for (let n = 0; n < count; n++) {
      const own = seen.filter(({ id }) => id === `r-${n}`);
      const isBroken = n % 2 === 1;
      expect(own.map(({ text }) => text)).toEqual(
        isBroken ? EXPECTED(n) : [`written ${n}`, 'Request finished'],
      );
      expect(own.filter(({ isRecorded }) => isRecorded)).toHaveLength(isBroken ? 2 : 0);
      if (isBroken) expect(own[2]!.time).toBeLessThanOrEqual(own[0]!.time);
    }
  });

  it('are an export that sends each once, at the time of its call', async () => {
    const receiver = await OtlpReceiver.start();
    process.env['OTEL_BLRP_SCHEDULE_DELAY'] = '20';
    try {
      const { send, sink } = await start(platform, { flightRecorder: true }, [
        OtlpModule.forRoot({ url: receiver.url }),
      ]);
      await send('/orders/2');
      await send('/orders/3');
      await sink.finishes(2);
      const own = () => receiver.logs.filter(({ body }) => /^(first|written|second)/.test(body));
      await eventually(() => own().length >= 4, 'four log records');
      await sleep(60);
      expect(own().map(({ body }) => body)).toEqual([
        'written 2',
        'written 3',
        'first 3',
        'second 3',
      ]);
      const [, written, first, second] = own();
      expect(first!.attributes['recorded']).toBe(true);
      expect(first).toMatchObject({ severityText: expect.stringMatching(/debug/i) });
      expect(first!.traceId).toBe(written!.traceId);
      expect(first!.spanId).toBe(written!.spanId);
      expect(BigInt(first!.timeUnixNano)).toBeLessThanOrEqual(BigInt(written!.timeUnixNano));
      expect(BigInt(second!.timeUnixNano)).toBeGreaterThanOrEqual(BigInt(written!.timeUnixNano));
    } finally {
      delete process.env['OTEL_BLRP_SCHEDULE_DELAY'];
      await receiver.stop();
    }
  });

  it('are a trace viewer that shows each once', async () => {
    const { send, port } = await start(platform, { flightRecorder: true }, [
      TraceViewerModule.forRoot(),
    ]);
    const reader = await StreamReader.open(port);
    await send('/orders/2');
    await send('/orders/5');
    const all = await reader.until('line', 6);
    await sleep(60);
    reader.close();
    expect((await reader.until('line', all.length)).map(({ message }) => message)).toEqual(
      expect.arrayContaining(['first 5', 'second 5']),
    );
    const own = reader.records.filter(
      (one) => one.type === 'line' && /^(first|second)/.test(one.message),
    );
    expect(own).toMatchObject([
      { message: 'first 5', level: 'debug', fields: { recorded: true } },
      { message: 'second 5', level: 'debug', fields: { recorded: true } },
    ]);
  });
});

describe.each(PLATFORMS)('two applications in one process, on %s', (platform) => {
  it('have their own recorders and rules', async () => {
    const before = verbosity.sources;
    const recording = await start(platform, { flightRecorder: true });
    const plain = await start(platform === 'express' ? 'fastify' : 'express', {});
    await Promise.all([recording.send('/orders/1'), plain.send('/orders/1')]);
    await Promise.all([recording.sink.finishes(1), plain.sink.finishes(1)]);
    // NestJS has one logger for `new Logger()`: the one of the application that came last.
    const all = (): string[] => [...messages(recording, 'debug'), ...messages(plain, 'debug')];
    expect(all()).toEqual(['first 1', 'second 1']);

    recording.app.get(LogLevels).set({ route: '/orders/:n' }, 'debug');
    plain.app.get(LogLevels).set({ sessionId: 's-1' }, 'debug');
    const clear = (): void => [recording, plain].forEach(({ sink }) => sink.clear());
    const finishes = (): Promise<unknown> =>
      Promise.all([recording.sink.finishes(1), plain.sink.finishes(1)]);
    clear();
    await Promise.all([recording.send('/orders/2'), plain.send('/orders/4')]);
    await finishes();
    expect(all().toSorted()).toEqual(['first 2', 'second 2']);
    clear();
    const headers = { 'x-session-id': 's-1' };
    await Promise.all([
      recording.send('/orders/2', { headers }),
      plain.send('/orders/4', { headers }),
    ]);
    await finishes();
    expect(all().toSorted()).toEqual(['first 2', 'first 4', 'second 2', 'second 4']);

    await recording.app.close();
    expect(plain.app.get(LogLevels).list()).toHaveLength(1);
    plain.sink.clear();
    await plain.send('/orders/3');
    await plain.sink.finishes(1);
    expect(all().filter((text) => text.endsWith('3'))).toEqual([]);
    plain.app.get(LogLevels).clear();
    expect(verbosity.sources).toBe(before);
  });
});
