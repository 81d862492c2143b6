import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { SetMetadata } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { MessagePattern } from '@nestjs/microservices';
import { Cron } from '@nestjs/schedule';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastValueFrom, of, Subject, throwError, toArray, type Observable } from 'rxjs';
import { runWithTrace } from '../../src/context/trace-store.js';
import { Span } from '../../src/index.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';

const failure = new Error('failure');

class Orders {
  #total = 40;
  readonly subject = new Subject<number>();

  @Span()
  add(a: number, b = 2): number {
    return this.#total + a - a + b;
  }

  @Span('load from the database')
  async load(): Promise<number> {
    await sleep(1);
    return 42;
  }

  @Span()
  stream(): Observable<number> {
    return of(1, 2);
  }

  @Span()
  updates(): Subject<number> {
    return this.subject;
  }

  @Span()
  async *pages(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }

  @Span()
  breaks(): never {
    throw failure;
  }

  @Span()
  async rejects(): Promise<never> {
    throw failure;
  }

  @Span()
  errors(): Observable<never> {
    return throwError(() => failure);
  }

  @Span()
  static create(): Orders {
    return new Orders();
  }

  @SetMetadata('above', 1)
  @OnEvent('order.placed')
  @Span()
  @SetMetadata('below', 2)
  @MessagePattern('order.place')
  @Cron('* * * * *', { name: 'orders' })
  decorated(_order: string, _again: number): string {
    return 'decorated';
  }

  @OnEvent('order.placed')
  @SetMetadata('above', 1)
  @SetMetadata('below', 2)
  @MessagePattern('order.place')
  @Cron('* * * * *', { name: 'orders' })
  plain(_order: string, _again: number): string {
    return 'plain';
  }
}

const orders = new Orders();

/** What a call gives, and the spans that it made. */
async function traced<T>(fn: () => T) {
  const { policy } = resolveOptions();
  const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
  const value = await runWithTrace(trace, async () => fn());
  const spans = trace.spans?.map(({ name, failed, error, durationMs }) => ({
    name,
    failed,
    error,
    hasEnded: durationMs !== undefined,
  }));
  return { value, spans };
}

const ended = (name: string) => [{ name, failed: false, error: undefined, hasEnded: true }];
const failed = (name: string) => [{ name, failed: true, error: failure, hasEnded: true }];

describe('@Span()', () => {
  it('makes a call a span named after class and method', async () => {
    expect(await traced(() => orders.add(1))).toEqual({ value: 42, spans: ended('Orders.add') });
    expect((await traced(() => Orders.create())).spans).toEqual(ended('Orders.create'));
  });

  it('takes another name', async () => {
    const result = await traced(() => orders.load());
    expect(result).toEqual({ value: 42, spans: ended('load from the database') });
  });

  it('measures observables and async generators while they are consumed', async () => {
    const stream = await traced(() => lastValueFrom(orders.stream().pipe(toArray())));
    expect(stream).toEqual({ value: [1, 2], spans: ended('Orders.stream') });
    const pages = await traced(async () => {
      const seen: number[] = [];
      for await (const page of orders.pages()) seen.push(page);
      return seen;
    });
    expect(pages).toEqual({ value: [1, 2], spans: ended('Orders.pages') });
  });

  it('returns a subject unchanged', async () => {
    const { value, spans } = await traced(() => [orders.updates()]);
    expect(value[0]).toBe(orders.subject);
    expect(spans).toEqual(ended('Orders.updates'));
  });

  it.each<[string, () => unknown]>([
    ['Orders.breaks', () => orders.breaks()],
    ['Orders.rejects', () => orders.rejects()],
    ['Orders.errors', () => lastValueFrom(orders.errors())],
  ])('records what %s fails with, and throws the very error', async (name, call) => {
    const { value, spans } = await traced(async () =>
      (async () => call())().catch((error: unknown) => error),
    );
    expect(value).toBe(failure);
    expect(spans).toEqual(failed(name));
  });

  it('just runs outside a trace', () => {
    expect(orders.add(1)).toBe(42);
  });

  it('keeps the metadata of other decorators, above and below it, and the shape of the method', () => {
    const metadataOf = (method: Function) =>
      Object.fromEntries(
        (Reflect.getMetadataKeys(method) as (string | symbol)[])
          .map((key): [string, unknown] => [String(key), Reflect.getMetadata(key, method)])
          .toSorted(([a], [b]) => a.localeCompare(b)),
      );
    expect(metadataOf(orders.decorated)).toEqual(metadataOf(orders.plain));
    expect(Object.keys(metadataOf(orders.decorated)).length).toBeGreaterThan(5);
    expect(orders.decorated.name).toBe('decorated');
    expect(orders.decorated).toHaveLength(2);
    expect(orders.decorated('a', 1)).toBe('decorated');
    const types = (key: string) => Reflect.getMetadata('design:paramtypes', orders, key);
    expect(types('decorated')).toEqual(types('plain'));
  });
});
