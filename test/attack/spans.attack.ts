import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { PassThrough, Readable, Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Span, type SpanFinishEvent } from '../../src/index.js';
import { createTraceContext } from '../../src/testing/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const SPAN_FINISH = 'nestjs-tracing:span:finish';

/** What a traced method returns, and what its caller does with it. */
interface ResultAttack {
  readonly name: string;
  readonly make: () => unknown;
  readonly use: (result: any) => unknown;
  /** What the caller gets. */
  readonly gets: unknown;
}

class Query {
  limit(): this {
    return this;
  }

  async exec(): Promise<string[]> {
    await sleep(5);
    return ['a row'];
  }

  then(resolve: (rows: string[]) => unknown, reject: (error: unknown) => unknown): unknown {
    return this.exec().then(resolve, reject);
  }
}

class PrivateQuery {
  readonly #rows = ['a row'];

  then(resolve: (rows: string[]) => unknown): unknown {
    return resolve(this.#rows);
  }
}

const failing = (): unknown => ({
  then: (_: unknown, reject: (error: Error) => void) => reject(new Error('x')),
});
const messageOf = (work: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(work).then(
    () => 'none',
    (error: Error) => error.message,
  );
const rows = ['a row'];

const RESULTS: readonly ResultAttack[] = [
  {
    name: 'a query that is awaited',
    make: () => new Query(),
    use: (query: Query) => query,
    gets: rows,
  },
  {
    name: 'a query that is executed',
    make: () => new Query(),
    use: (query: Query) => query.limit().exec(),
    gets: rows,
  },
  {
    name: 'a query with private fields',
    make: () => new PrivateQuery(),
    use: (query: unknown) => query,
    gets: rows,
  },
  {
    name: 'a frozen thenable',
    make: () => Object.freeze({ then: (resolve: (text: string) => void) => resolve('12.50') }),
    use: (result) => result,
    gets: '12.50',
  },
  {
    name: 'a sealed query',
    make: () => Object.seal(new Query()),
    use: (query: Query) => query,
    gets: rows,
  },
  {
    name: 'a thenable with a fixed `then`',
    make: () =>
      Object.defineProperty({}, 'then', {
        value: (resolve: (text: string) => void) => resolve('fixed'),
      }),
    use: (result) => result,
    gets: 'fixed',
  },
  {
    name: 'a thenable that throws',
    make: () => ({
      then: () => {
        throw new Error('x');
      },
    }),
    use: messageOf,
    gets: 'x',
  },
  { name: 'a thenable that rejects', make: failing, use: messageOf, gets: 'x' },
  {
    name: 'a thenable that resolves twice',
    make: () => ({
      then: (resolve: (text: string) => void) => {
        resolve('one');
        resolve('two');
      },
    }),
    use: (result) => result,
    gets: 'one',
  },
  {
    name: 'a thenable that resolves to itself later',
    make: () => ({ then: (resolve: (text: unknown) => void) => resolve(new Query()) }),
    use: (result) => result,
    gets: rows,
  },
  {
    name: 'a frozen promise',
    make: () => Object.freeze(Promise.resolve('frozen')),
    use: (result) => result,
    gets: 'frozen',
  },
  {
    name: 'a promise of a subclass',
    make: () => class Own extends Promise<string> {}.resolve('own'),
    use: (result) => result,
    gets: 'own',
  },
  {
    name: 'a proxy of a promise',
    make: () =>
      new Proxy(Promise.resolve('proxied'), {
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    use: (result) => result,
    gets: 'proxied',
  },
  {
    name: 'an async generator',
    make: async function* () {
      yield 'a row';
    },
    use: async (result: AsyncIterable<string>) => {
      const all: string[] = [];
      for await (const one of result) all.push(one);
      return all;
    },
    gets: rows,
  },
  {
    name: 'a stream',
    make: () => Readable.from(rows),
    use: async (result: Readable) => {
      const all: unknown[] = [];
      for await (const one of result) all.push(one);
      return all;
    },
    gets: rows,
  },
  {
    name: 'a getter named then that throws once read',
    make: () => {
      let reads = 0;
      return {
        get then() {
          reads += 1;
          if (reads > 4) throw new Error('x');
          return undefined;
        },
      };
    },
    use: () => 'read',
    gets: 'read',
  },
];

class Orders {
  make: () => unknown = () => undefined;

  @Span('find orders')
  find(): unknown {
    return this.make();
  }
}

describe('results of traced methods', () => {
  it.each(RESULTS)('$name', async ({ make, use, gets }) => {
    const ended: string[] = [];
    const listen = (event: unknown): void => void ended.push((event as SpanFinishEvent).span.name);
    subscribe(SPAN_FINISH, listen);
    try {
      const orders = new Orders();
      orders.make = make;
      const got = await createTraceContext().run({}, async () => {
        const result = await use(orders.find());
        await sleep(15);
        return result;
      });
      expect(got).toEqual(gets);
      expect(ended).toEqual(['find orders']);
    } finally {
      unsubscribe(SPAN_FINISH, listen);
    }
  });
});

/** A class of the platform, and methods of it that an application's own class calls. */
interface Inheriting {
  readonly name: string;
  readonly base: new () => object;
  readonly calls: readonly string[];
}

/** A class of the application that inherits methods which it never wrote. */
const INHERITING: readonly Inheriting[] = [
  { name: 'PassThrough', base: PassThrough, calls: ['write', 'resume', 'end', 'on', 'pipe'] },
  { name: 'Transform', base: Transform, calls: ['resume', 'pause', 'cork', 'uncork'] },
  { name: 'Readable', base: Readable, calls: ['pause', 'isPaused', 'unpipe', 'eventNames'] },
  { name: 'EventEmitter', base: EventEmitter, calls: ['emit', 'listenerCount', 'eventNames'] },
  { name: 'Map', base: Map, calls: ['set', 'get', 'has', 'delete', 'clear', 'entries'] },
  { name: 'Set', base: Set, calls: ['add', 'has', 'values', 'clear'] },
  { name: 'Array', base: Array, calls: ['push', 'pop', 'slice', 'includes'] },
  { name: 'Date', base: Date, calls: ['getTime', 'toISOString', 'setHours'] },
  { name: 'URLSearchParams', base: URLSearchParams, calls: ['append', 'get', 'toString'] },
  { name: 'Uint8Array', base: Uint8Array, calls: ['fill', 'slice', 'includes'] },
  { name: 'EventTarget', base: EventTarget, calls: ['addEventListener', 'removeEventListener'] },
];

describe.each(PLATFORMS)('automatic spans', (platform) => {
  it.each(INHERITING)(`on ${platform}: a provider that extends $name`, async ({ base, calls }) => {
    @Injectable()
    class Prices extends (base as new () => object) {
      price(): string {
        for (const name of calls) {
          const method = (this as unknown as Record<string, (...args: unknown[]) => unknown>)[
            name
          ]!;
          method.call(this, name === 'pipe' ? new PassThrough() : 'tea', () => {});
        }
        return 'called';
      }
    }
    @Controller()
    class PricesController {
      constructor(private readonly prices: Prices) {}

      @Get()
      get(): string {
        return this.prices.price();
      }
    }
    Reflect.defineMetadata('design:paramtypes', [Prices], PricesController);
    const names = new Set<string>();
    const listen = (event: unknown): void => void names.add((event as SpanFinishEvent).span.name);
    subscribe(SPAN_FINISH, listen);
    try {
      const { send, sink } = await tracedApp(platform)
        .with({ spans: { auto: true } })
        .of({ controllers: [PricesController], providers: [Prices] })
        .start();
      expect(await (await send('/')).text()).toBe('called');
      await sink.finishes(1);
      expect([...names].filter((name) => name.startsWith('Prices.'))).toEqual(['Prices.price']);
    } finally {
      unsubscribe(SPAN_FINISH, listen);
    }
  });
});
