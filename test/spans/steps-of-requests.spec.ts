import type { Step } from 'nestjs-tracing';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable } from '@nestjs/common';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

@Injectable()
class StockService {
  async reserve(item: number): Promise<never> {
    await sleep(item % 4);
    throw new Error(`item ${item} is gone`);
  }

  async price(item: number): Promise<number> {
    await sleep(20 - item);
    return this.rate(item);
  }

  async rate(item: number): Promise<number> {
    await sleep(item);
    if (item === 3) throw new Error('no rate for 3');
    return item;
  }

  async audit(released: Promise<unknown>): Promise<void> {
    await released;
  }
}

let release: () => void = () => {};

@Controller()
class OrdersController {
  constructor(private readonly stock: StockService) {}

  @Get('all')
  async all(): Promise<never> {
    const calls = Array.from({ length: 30 }, (_, item) => this.stock.reserve(item));
    const results = await Promise.allSettled(calls);
    throw new Error(`${results.length} are gone`);
  }

  @Get('first')
  async first(): Promise<unknown> {
    return Promise.all(Array.from({ length: 30 }, (_, item) => this.stock.reserve(item)));
  }

  @Get('prices')
  async prices(): Promise<unknown> {
    return Promise.allSettled([1, 3, 5, 7].map((item) => this.stock.price(item))).then(() => {
      throw new Error('one has no rate');
    });
  }

  @Get('late')
  async late(): Promise<never> {
    void this.stock.audit(new Promise<void>((resolve) => (release = resolve)));
    await sleep(5);
    throw new Error('too early');
  }
}

describe.each(PLATFORMS)('the steps of a request, on %s', (platform) => {
  const lineOf = async (path: string) => {
    const { send, sink } = await tracedApp(platform)
      .with({ spans: { auto: true } })
      .of({ controllers: [OrdersController], providers: [StockService] })
      .start();
    await send(path);
    const [line] = await sink.finishes(1);
    return { steps: line!['steps'] as Step[], durationMs: line!['duration_ms'] as number };
  };

  it('are each of thirty calls that failed at the same time, in their order, with its error', async () => {
    const { steps, durationMs } = await lineOf('/all');
    expect(steps.slice(0, 2)).toMatchObject([
      { name: 'OrdersController.all', failed: true, error: 'Error: 30 are gone' },
      { name: 'StockService.reserve', depth: 1, count: 30 },
    ]);
    expect(steps.slice(2)).toEqual(
      Array.from({ length: 30 }, (_, item) => ({
        name: 'StockService.reserve',
        start_ms: expect.any(Number),
        duration_ms: expect.any(Number),
        depth: 1,
        failed: true,
        error: `Error: item ${item} is gone`,
      })),
    );
    for (const { start_ms: startMs, duration_ms: ms, count } of steps) {
      if (count === undefined) expect(startMs + ms!).toBeLessThanOrEqual(durationMs + 0.01);
    }
  });

  it('are those that ran when the first failure ended it, with no duration where they run on', async () => {
    const { steps } = await lineOf('/first');
    const failed = steps.filter((step) => step.failed && step.depth === 1);
    expect(failed.length).toBeGreaterThanOrEqual(1);
    expect(failed.every(({ error }) => error !== undefined)).toBe(true);
    const running = steps.filter(({ duration_ms: ms }) => ms === undefined);
    expect(running.length).toBeGreaterThan(0);
    expect(running.every((step) => step.failed !== true)).toBe(true);
  });

  it('are below the call that made them, however calls overlap', async () => {
    const { steps } = await lineOf('/prices');
    expect(steps.map(({ name, depth = 0, error }) => [name, depth, error])).toEqual([
      ['OrdersController.prices', 0, 'Error: one has no rate'],
      ['StockService.price', 1, undefined],
      ['StockService.rate', 2, undefined],
      ['StockService.price', 1, undefined],
      ['StockService.rate', 2, 'Error: no rate for 3'],
      ['StockService.price', 1, undefined],
      ['StockService.rate', 2, undefined],
      ['StockService.price', 1, undefined],
      ['StockService.rate', 2, undefined],
    ]);
    for (const [at, outer] of steps.entries()) {
      const inner = steps[at + 1];
      if (inner?.depth !== (outer.depth ?? 0) + 1) continue;
      expect(inner.start_ms).toBeGreaterThanOrEqual(outer.start_ms);
    }
  });

  it('have no duration where they end after the response', async () => {
    const { steps } = await lineOf('/late');
    release();
    expect(steps).toEqual([
      expect.objectContaining({ name: 'OrdersController.late', failed: true }),
      { name: 'StockService.audit', start_ms: expect.any(Number), depth: 1 },
    ]);
  });
});
