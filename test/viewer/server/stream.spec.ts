import { describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Injectable, Logger, Param } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Span, TraceContext, tracingChannels } from 'nestjs-tracing';
import { TraceViewerModule, type TraceViewerOptions } from 'nestjs-tracing/viewer';
import { eventually } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../../support/traced-app.js';
import { ask, StreamReader } from '../support.js';

@Injectable()
class Payments {
  private readonly logger = new Logger('Payments');

  @Span()
  async pay(user: string): Promise<string> {
    this.logger.log(`Paying for ${user}`);
    await sleep(5);
    this.logger.warn('Gateway slow', { latency_ms: 5 });
    return 'paid';
  }
}

@Controller()
class PaymentController {
  private readonly logger = new Logger('PaymentController');
  constructor(
    private readonly payments: Payments,
    private readonly trace: TraceContext,
  ) {}

  @Get('pay/:user')
  pay(@Param('user') user: string): Promise<string> {
    this.trace.set('user', user);
    return this.payments.pay(user);
  }

  @Get('fail')
  fail(): void {
    this.logger.error(
      'It broke',
      new Error('no funds', { cause: new Error('card expired') }).stack,
    );
    throw new HttpException('no', 503);
  }

  @Get('many/:count')
  many(@Param('count') count: string): void {
    for (let n = 0; n < Number(count); n++) this.logger.log(`line ${n}`);
  }

  @Get('count')
  count(): void {
    this.logger.log('Counting');
    this.trace.add('key', 1);
    this.trace.add('type', 2);
  }

  @Get('quiet')
  quiet(): void {}

  @Get('loop')
  async loop(): Promise<void> {
    for (let n = 0; n < 25; n++) await this.trace.span('tick', () => sleep(0));
  }
}

const start = (platform: Platform, options?: TraceViewerOptions): Promise<TracedApp> =>
  tracedApp(platform)
    .of({
      imports: [TraceViewerModule.forRoot(options)],
      controllers: [PaymentController],
      providers: [Payments],
    })
    .start();

describe.each(PLATFORMS)('the stream, on %s', (platform) => {
  it('sends a request when it begins, its lines, and the complete request when it has ended', async () => {
    const { port, send, sink } = await start(platform);
    const reader = await StreamReader.open(port);
    await send('/pay/Alice', {
      headers: { 'X-Request-ID': 'req-001', 'X-Session-ID': 'abc12345' },
    });
    const [begun, ended] = await reader.until('request', 2);
    expect(begun).toMatchObject({
      kind: 'request',
      service: expect.any(String),
      requestId: 'req-001',
      sessionId: 'abc12345',
      traceId: 'req-001',
      w3cTraceId: expect.stringMatching(/^[\da-f]{32}$/),
      method: 'GET',
      path: '/pay/Alice',
    });
    expect(begun).not.toHaveProperty('outcome');
    expect(ended).toMatchObject({
      key: begun!.key,
      status_code: 200,
      outcome: 'completed',
      route: '/pay/:user',
      handler: 'PaymentController.pay',
      fields: { user: 'Alice' },
      spans: [{ name: 'Payments.pay', parentSpanId: begun!.spanId, kind: 'internal' }],
    });
    expect(ended!.duration_ms).toBeGreaterThanOrEqual(4);
    expect(ended!.startedAt).toBe(begun!.startedAt);
    const [span] = ended!.spans!;
    expect(span!.startedAt).toBeGreaterThanOrEqual(ended!.startedAt);
    expect(span!.startedAt + span!.duration_ms!).toBeLessThanOrEqual(
      ended!.startedAt + ended!.duration_ms! + 0.01,
    );

    const lines = (await reader.until('line', 3)).filter(({ key }) => key === begun!.key);
    expect(lines.map(({ message, level }) => [level, message])).toEqual([
      ['info', 'Paying for Alice'],
      ['warn', 'Gateway slow'],
      ['info', 'Request finished'],
    ]);
    expect(lines[1]).toMatchObject({
      context: 'Payments',
      fields: { latency_ms: 5, user: 'Alice' },
      requestId: 'req-001',
      sessionId: 'abc12345',
      spanId: span!.spanId,
    });
    expect(lines).toEqual(lines.toSorted((a, b) => a.time - b.time));
    expect(lines[0]!.time).toBeGreaterThanOrEqual(begun!.startedAt);
    expect(lines[0]!.time - Date.now()).toBeLessThan(1);
    // The log and the trace viewer agree.
    expect(sink.lines.map(({ message }) => message)).toEqual(lines.map(({ message }) => message));
    reader.close();
  });

  it('shows what the application has added for a request, and hides what is hidden elsewhere', async () => {
    const { port, send } = await tracedApp(platform)
      .with({
        enrich: (request) => ({ user: String(Reflect.get(request, 'url')), password: 'hunter2' }),
        accessLog: { fields: (record) => ({ ...record, plan: 'gold' }), exclude: ['/count'] },
      })
      .of({
        imports: [TraceViewerModule.forRoot()],
        controllers: [PaymentController],
        providers: [Payments],
      })
      .start();
    const reader = await StreamReader.open(port);
    await send('/count');
    await send('/quiet');
    const ended = (await reader.until('request', 4)).filter(({ outcome }) => outcome !== undefined);
    const [counted, quiet] = ['/count', '/quiet'].map((path) =>
      ended.find((request) => request.path === path),
    );
    // Counters of any name change nothing of the record itself.
    expect(counted).toMatchObject({ type: 'request', kind: 'request', path: '/count' });
    expect(counted!.fields).toEqual({ user: '/count', key: 1, type: 2 });
    expect(quiet!.fields).toEqual({ user: '/quiet', plan: 'gold' });
    reader.close();
  });

  it('keeps two requests with the same id two', async () => {
    const { port, send } = await start(platform);
    const headers = { 'X-Request-ID': 'same' };
    await Promise.all([send('/pay/Alice', { headers }), send('/pay/Bob', { headers })]);
    const reader = await StreamReader.open(port);
    const requests = await reader.until('request', 4);
    const keys = new Set(requests.map(({ key }) => key));
    expect(keys.size).toBe(2);
    const lines = await reader.until('line', 6);
    for (const key of keys) {
      const of = lines.filter((line) => line.key === key);
      expect(of).toHaveLength(3);
      expect(new Set(of.map(({ fields }) => fields?.['user'])).size).toBe(1);
    }
    reader.close();
  });

  it('sends a page that opens later what happened before, and one that reconnects what it missed', async () => {
    const { port, send } = await start(platform);
    await send('/pay/Alice');
    const first = await StreamReader.open(port);
    await first.until('line', 3);
    await first.until('request', 2);
    first.close();
    await send('/pay/Bob');

    const again = await StreamReader.open(port, '', { 'Last-Event-ID': first.lastId });
    const missed = await again.until('line', 3);
    expect(missed.map(({ fields }) => fields?.['user'])).toEqual(['Bob', 'Bob', 'Bob']);
    again.close();
    const byQuery = await StreamReader.open(port, `?from=${first.lastId}`);
    expect((await byQuery.until('line', 3)).every(({ fields }) => fields?.['user'] === 'Bob')).toBe(
      true,
    );
    byQuery.close();
    const both = await StreamReader.open(port, `?from=${first.hello!['instance']}:1`, {
      'Last-Event-ID': first.lastId,
    });
    expect((await both.until('line', 3))[0]!.fields).toMatchObject({ user: 'Bob' });
    both.close();

    for (const stale of ['0011223344aa:99', 'nonsense', ':', `${first.hello!['instance']}:x`]) {
      const all = await StreamReader.open(port, `?from=${encodeURIComponent(stale)}`);
      expect(await all.until('line', 6)).toHaveLength(6);
      all.close();
    }
  });

  it('shows the error of a line, the spans of a loop as one, and lines outside of requests', async () => {
    const { port, send } = await start(platform);
    const reader = await StreamReader.open(port);
    await send('/fail');
    await send('/loop');
    new Logger('Clock').log('Tick');
    const requests = await reader.until('request', 4);
    expect(requests.find(({ status_code: status }) => status === 503)).toMatchObject({
      outcome: 'errored',
    });
    const loop = requests.find(({ path, outcome }) => path === '/loop' && outcome !== undefined)!;
    expect(loop.spans![0]).toMatchObject({ name: 'tick', count: 25 });
    expect(loop.spans![0]).not.toHaveProperty('spanId');
    expect(loop.spans!.slice(1)).toHaveLength(3);
    const lines = await reader.until('line', 4);
    expect(lines.find(({ message }) => message === 'It broke')?.fields).toMatchObject({
      stack: expect.stringContaining('no funds'),
    });
    const tick = lines.find(({ message }) => message === 'Tick')!;
    expect(tick).not.toHaveProperty('key');
    expect(tick).not.toHaveProperty('requestId');
    reader.close();
  });

  it('does not trace its own traffic: no id, no line, no request, and hooks of others do not see it', async () => {
    const { port, sink } = await start(platform);
    const reader = await StreamReader.open(port);
    const answer = await ask(port, '/_traces/');
    expect(answer.status).toBe(200);
    expect(answer.headers['x-request-id']).toBeUndefined();
    await ask(
      port,
      '/_traces/v1/logs',
      { 'Content-Type': 'application/json' },
      { method: 'POST', body: '{}' },
    );
    await ask(port, '/_traces/none');
    await sleep(150);
    expect(sink.lines).toEqual([]);
    expect(reader.records.filter(({ type }) => type !== 'drops')).toEqual([]);
    // Only what begins like its path is the application's.
    expect((await ask(port, '/_tracesx')).headers['x-request-id']).toBeDefined();
    reader.close();
  });

  it('ends with the application, though a page is open, and does not let it in again', async () => {
    const { app, port } = await start(platform);
    const reader = await StreamReader.open(port);
    expect(tracingChannels.requestStart.hasSubscribers).toBe(true);
    await app.close();
    await eventually(() => reader.hasEnded, 'the end of the stream');
    expect(tracingChannels.requestStart.hasSubscribers).toBe(false);
    expect(tracingChannels.log.hasSubscribers).toBe(false);
  });

  it('drops what comes too fast, in whole requests, and says how much', async () => {
    const { port, send } = await start(platform, { limits: { requestsPerSecond: 1 } });
    for (let n = 0; n < 20; n++) await send('/pay/Alice');
    const reader = await StreamReader.open(port);
    const drops = (await reader.until('drops', 1)).at(-1)!;
    const requests = await reader.until('request', 2);
    const kept = new Set(requests.map(({ key }) => key)).size;
    // A second's worth for each of five, and what came in meanwhile.
    expect(kept).toBeGreaterThanOrEqual(5);
    expect(kept + drops.requests).toBe(20);
    expect(drops.lines).toBe(drops.requests * 3);
    for (const key of new Set(requests.map(({ key }) => key))) {
      expect(
        (await reader.until('line', kept * 3)).filter((line) => line.key === key),
      ).toHaveLength(3);
    }
    reader.close();
  });

  it('drops the lines of one request that says too much', async () => {
    const { port, send } = await start(platform, { limits: { linesPerSecond: 10 } });
    await send('/many/200');
    const reader = await StreamReader.open(port);
    const { lines: dropped } = (await reader.until('drops', 1)).at(-1)!;
    const lines = await reader.until('line', 30);
    expect(lines.length + dropped).toBe(201);
    expect(lines.length).toBeLessThan(60);
    reader.close();
  });

  it('does not wait for a page that does not read, and sends it how much it has missed', async () => {
    const { port, send } = await start(platform, {
      limits: { lines: 1000, linesPerSecond: 100_000 },
    });
    const reader = await StreamReader.open(port);
    reader.stall();
    for (let n = 0; n < 40; n++) await send('/many/1000');
    reader.resume();
    const missedCount = (): number => {
      const dropped = reader.records.findLast((one) => one.type === 'drops')?.lines ?? 0;
      return dropped + reader.records.filter(({ type }) => type !== 'drops').length;
    };
    // A line for each call, an access log line, a beginning and an end; and Nest's own at the start.
    await eventually(() => missedCount() >= 40 * 1003, 'the count of what it missed');
    expect(missedCount() - 40 * 1003).toBeLessThan(20);
    reader.close();
  });

  it('opens only so many pages', async () => {
    const { port } = await start(platform, { limits: { pages: 2 } });
    const first = await StreamReader.open(port);
    const second = await StreamReader.open(port);
    expect((await StreamReader.open(port)).status).toBe(503);
    first.close();
    let third = await StreamReader.open(port);
    for (let tries = 0; third.status === 503 && tries < 1000; tries++) {
      await sleep(5);
      third = await StreamReader.open(port);
    }
    expect([second.status, third.status]).toEqual([200, 200]);
    second.close();
    third.close();
  });
});

describe('the trace viewer of one application', () => {
  it('shows nothing of another in the same process', async () => {
    const one = await start('express');
    const other = await start('fastify');
    const reader = await StreamReader.open(one.port);
    await other.send('/pay/Bob');
    await one.send('/pay/Alice');
    const requests = await reader.until('request', 2);
    expect(requests.map(({ path }) => path)).toEqual(['/pay/Alice', '/pay/Alice']);
    reader.close();
  });

  it('is shown once, though the module is imported twice', async () => {
    const { port, send } = await tracedApp('express')
      .of({
        imports: [TraceViewerModule.forRoot(), TraceViewerModule.forRoot()],
        controllers: [PaymentController],
        providers: [Payments],
      })
      .start();
    await send('/pay/Alice');
    const reader = await StreamReader.open(port);
    await reader.until('line', 3);
    await sleep(150);
    expect(reader.records.filter(({ type }) => type === 'line')).toHaveLength(3);
    reader.close();
  });
});
