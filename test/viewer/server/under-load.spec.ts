import { describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Logger as NestLogger, Param } from '@nestjs/common';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports, type Logger } from 'winston';
import { TraceContext, traceJson, type TracingModuleOptions } from 'nestjs-tracing';
import { TraceViewerModule, type TraceViewerOptions } from 'nestjs-tracing/viewer';
import type { ViewLine, ViewRequest } from '../../../src/viewer/view-records.js';
import { eventually, LineSink } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../../support/traced-app.js';
import { StreamReader } from '../support.js';

@Controller()
class OrderController {
  private readonly logger = new NestLogger('Orders');
  private readonly basket = { items: 1 };

  constructor(private readonly trace: TraceContext) {}

  @Get('ok/:n')
  ok(): void {
    this.logger.log('Ordering');
  }

  @Get('fail/:n')
  fail(@Param('n') n: string): void {
    this.trace.set('user', `user-${n}`);
    this.logger.log('Ordering');
    // Shown as it is now, though only the failure says that it is shown at all.
    this.logger.warn('Basket', { basket: this.basket });
    this.basket.items++;
    this.logger.error(new Error(`No stock for ${n}`));
    throw new HttpException('no stock', 503);
  }

  @Get('slow/:n')
  async slow(): Promise<void> {
    this.logger.log('Waiting');
    await sleep(30);
  }

  @Get('hang')
  async hang(): Promise<void> {
    this.logger.log('Hanging');
    await sleep(30);
    this.logger.log('Still hanging');
    await new Promise<void>(() => {});
  }

  @Get('many/:count')
  many(@Param('count') count: string): void {
    this.logger.debug('Recorded');
    for (let n = 0; n < Number(count); n++) this.logger.log(`line ${n}`);
    throw new HttpException('too many', 500);
  }
}

const infoLogger = (): Logger =>
  createLogger({
    level: 'info',
    format: traceJson(),
    transports: [new transports.Stream({ stream: new LineSink() })],
  });

const start = (
  platform: Platform,
  limits: TraceViewerOptions['limits'],
  options: TracingModuleOptions = {},
): Promise<TracedApp> =>
  tracedApp(platform)
    .with(options)
    .of({ imports: [TraceViewerModule.forRoot({ limits })], controllers: [OrderController] })
    .start();

/** Sends requests, some at the same time. */
async function sendAll({ send }: TracedApp, paths: readonly string[]): Promise<void> {
  for (let n = 0; n < paths.length; n += 30) {
    const answers = await Promise.all(paths.slice(n, n + 30).map((path) => send(path)));
    await Promise.all(answers.map((answer) => answer.text()));
  }
}

const isEnded = ({ outcome }: ViewRequest): boolean => outcome !== undefined;
const linesOf = (lines: readonly ViewLine[], { key }: ViewRequest): ViewLine[] =>
  lines.filter((line) => line.key === key);

describe.each(PLATFORMS)('more requests than are recorded, on %s', (platform) => {
  it('keeps every failure with all of its lines, and a sample of the rest', async () => {
    const app = await start(platform, { requestsPerSecond: 10 });
    const paths = Array.from({ length: 400 }, (_, n) => (n % 4 === 0 ? `/fail/${n}` : `/ok/${n}`));
    await sendAll(app, paths);
    const reader = await StreamReader.open(app.port);
    const drops = (await reader.until('drops', 1)).at(-1)!;
    const requests = (await reader.until('request', 1)).filter(isEnded);
    const lines = await reader.until('line', 1);
    const failed = requests.filter(({ outcome }) => outcome === 'errored');
    expect(failed.map(({ path }) => path!).toSorted()).toEqual(
      paths.filter((path) => path.startsWith('/fail')).toSorted(),
    );
    for (const request of failed) {
      const n = request.path!.slice('/fail/'.length);
      const own = linesOf(lines, request);
      expect(own.map(({ message }) => message)).toEqual([
        'Ordering',
        'Basket',
        `No stock for ${n}`,
        'Request finished',
      ]);
      expect(own[0]!.context).toBe('Orders');
      expect(own[2]!.error).toContain(`No stock for ${n}`);
      expect(request.fields).toEqual({ user: `user-${n}` });
    }
    const baskets = lines.filter(({ message }) => message === 'Basket');
    const items = baskets.map(({ fields }) => (fields!['basket'] as { items: number }).items);
    expect(items.toSorted((a, b) => a - b)).toEqual(failed.map((_, index) => index + 1));
    expect(requests.length + drops.requests).toBe(400);
    expect(requests.length - failed.length).toBeGreaterThanOrEqual(30);
    expect(requests.length - failed.length).toBeLessThan(300);
    expect(drops.lines).toBe(drops.requests * 2);
    reader.close();
  });

  it('keeps the failures for each of two viewers', async () => {
    const viewers = [
      TraceViewerModule.forRoot({ limits: { requestsPerSecond: 10 } }),
      TraceViewerModule.forRoot({ path: '/_second', limits: { requestsPerSecond: 1 } }),
    ];
    const app = await tracedApp(platform)
      .of({ imports: viewers, controllers: [OrderController] })
      .start();
    const paths = Array.from({ length: 80 }, (_, n) => (n % 4 === 0 ? `/fail/${n}` : `/ok/${n}`));
    await sendAll(app, paths);
    for (const path of ['/_traces', '/_second']) {
      const reader = await StreamReader.open(app.port, '', {}, path);
      await reader.until('drops', 1);
      const failed = (await reader.until('request', 20)).filter(
        ({ outcome }) => outcome === 'errored',
      );
      expect(failed.length).toBe(20);
      const lines = await reader.until('line', 80);
      for (const request of failed) expect(linesOf(lines, request).length).toBe(4);
      reader.close();
    }
  });

  it('keeps the slow, the aborted and those that the application keeps', async () => {
    const app = await start(platform, { requestsPerSecond: 1, slowerThan: 20 });
    await sendAll(app, [...Array.from({ length: 20 }, (_, n) => `/ok/${n}`), '/slow/1', '/slow/2']);
    const reader = await StreamReader.open(app.port);
    const socket = connect(app.port, '127.0.0.1');
    socket.write('GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const hanging = (): ViewRequest | undefined =>
      reader.records.find(
        (one): one is ViewRequest => one.type === 'request' && one.path === '/hang',
      );
    // It is slow before it has ended.
    await eventually(() => hanging() !== undefined, 'the request that hangs');
    expect(hanging()!.outcome).toBeUndefined();
    socket.destroy();
    const ended = (path: string): ViewRequest | undefined =>
      reader.records.findLast(
        (one): one is ViewRequest => one.type === 'request' && one.path === path && isEnded(one),
      );
    await eventually(() => ended('/hang') !== undefined, 'its end');
    expect(ended('/hang')!.outcome).toBe('aborted');
    expect(ended('/hang')!.key).toBe(hanging()!.key);
    const lines = await reader.until('line', 1);
    expect(linesOf(lines, ended('/hang')!).map(({ message }) => message)).toEqual([
      'Hanging',
      'Still hanging',
      'Request finished',
    ]);
    for (const path of ['/slow/1', '/slow/2']) {
      expect(linesOf(lines, ended(path)!)).toHaveLength(2);
    }
    reader.close();
  });

  it('holds so many lines of a request and no more, and shows what the flight recorder writes', async () => {
    const app = await start(
      platform,
      { requestsPerSecond: 1, linesPerSecond: 1 },
      { flightRecorder: true, logger: infoLogger() },
    );
    await sendAll(app, [
      ...Array.from({ length: 10 }, (_, n) => `/ok/${n}`),
      '/many/1',
      '/many/700',
    ]);
    const reader = await StreamReader.open(app.port);
    const requests = await reader.until('request', 1);
    const lines = await reader.until('line', 503);
    const linesAt = (path: string): readonly ViewLine[] =>
      linesOf(
        lines,
        requests.find((one) => one.path === path && isEnded(one))!,
      );
    expect(linesAt('/many/1').map(({ message }) => message)).toEqual([
      'line 0',
      'Recorded',
      'Request finished',
    ]);
    expect(linesAt('/many/700')).toHaveLength(501);
    expect(linesAt('/many/700').at(-1)!.message).toBe('Request finished');
    reader.close();
  });
});
