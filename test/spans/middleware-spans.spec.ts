import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  Module,
  Scope,
  type MiddlewareConsumer,
  type NestMiddleware,
  type NestModule,
  type Type,
} from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Span, TraceContext, type Step } from '../../src/index.js';
import type { Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';

const MS = 40;
type Next = (error?: unknown) => void;
type Middleware = Type<NestMiddleware<IncomingMessage, ServerResponse>>;

@Injectable()
class Store {
  async load(): Promise<void> {
    await sleep(MS);
  }

  loadThen(next: Next): void {
    setTimeout(next, MS);
  }
}

/** The rest of the request runs from a timer. */
class Later {
  use(_request: IncomingMessage, _response: ServerResponse, next: Next): void {
    setTimeout(next, MS);
  }
}

/** The rest of the request runs inside the call of `next`. */
class AtOnce {
  use(_request: IncomingMessage, _response: ServerResponse, next: Next): void {
    next();
  }
}

/** Works before the rest of the request, and after its response. */
@Injectable()
class Around {
  constructor(private readonly store: Store) {}

  async use(_request: IncomingMessage, response: ServerResponse, next: Next): Promise<void> {
    await this.store.load();
    const finished = once(response, 'finish');
    next();
    await finished;
  }
}

/** A method that it calls passes on. */
@Injectable()
class Through {
  constructor(private readonly store: Store) {}

  use(_request: IncomingMessage, _response: ServerResponse, next: Next): void {
    this.store.loadThen(next);
  }
}

class Answering {
  use(_request: IncomingMessage, response: ServerResponse): void {
    setTimeout(() => {
      response.statusCode = 503;
      response.end('closed');
    }, MS);
  }
}

class AnsweringAtOnce {
  async use(_request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.statusCode = 503;
    response.end('closed');
  }
}

class Hanging {
  use(): void {}
}

const failure = new Error('no session');

class Refusing {
  use(_request: IncomingMessage, _response: ServerResponse, next: Next): void {
    setTimeout(() => next(failure), MS);
  }
}

class Throwing {
  use(): void {
    throw failure;
  }
}

class Rejecting {
  async use(): Promise<void> {
    await sleep(MS);
    throw failure;
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  use(_request: IncomingMessage, _response: ServerResponse, next: Next): void {
    setTimeout(next, MS);
  }
}

class Named {
  @Span('session')
  use(_request: IncomingMessage, _response: ServerResponse, next: Next): void {
    setTimeout(next, MS);
  }
}

const storage = new AsyncLocalStorage<string>();

/** Opens a context of its own for the rest of the request. */
class Opening {
  use(_request: IncomingMessage, _response: ServerResponse, next: Next): void {
    storage.run('opened', next);
  }
}

@Controller('orders')
class OrdersController {
  constructor(private readonly trace: TraceContext) {}

  @Get()
  async list(): Promise<string> {
    await sleep(3 * MS);
    return String(storage.getStore());
  }

  @Get('skipped')
  skipped(): string {
    return this.trace.span('inside', () => 'skipped');
  }
}

const AUTO = { spans: { auto: true }, accessLog: { slowerThan: 0 } } as const;

async function requestThrough(
  platform: Platform,
  middlewares: readonly Middleware[],
  send: (url: string) => Promise<unknown> = async (url) => (await fetch(url)).text(),
): Promise<{ line: Line; steps: Step[]; body: unknown }> {
  @Module({ controllers: [OrdersController], providers: [Store] })
  class OrdersModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer
        .apply(...middlewares)
        .exclude('orders/skipped')
        .forRoutes(OrdersController);
    }
  }
  const { url, sink } = await tracedApp(platform)
    .with(AUTO)
    .of({ imports: [OrdersModule] })
    .start();
  const body = await send(`${url}/orders`);
  const [line] = await sink.finishes(1);
  return { line: line!, steps: (line!['steps'] ?? []) as Step[], body };
}

const named = (steps: readonly Step[], name: string): Step => {
  const found = steps.filter((step) => step.name === name);
  expect(found).toHaveLength(1);
  return found[0]!;
};
const tree = (steps: readonly Step[]) => steps.map(({ name, depth = 0 }) => [name, depth]);

describe.each(PLATFORMS)('the span of a middleware, %s', (platform) => {
  it.each<[string, Middleware, number, [string, number][]]>([
    ['calls next later', Later, MS, []],
    ['calls next at once', AtOnce, 0, []],
    ['awaits before next and after the response', Around, MS, [['Store.load', 1]]],
    ['passes next on', Through, MS, [['Store.loadThen', 1]]],
    ['is made for each request', PerRequest, MS, []],
  ])(
    'of one that %s is its own time, and has not the handler inside',
    async (_, use, ms, inner) => {
      const { steps } = await requestThrough(platform, [use]);
      const name = `${use.name}.use`;
      expect(tree(steps)).toEqual([[name, 0], ...inner, ['OrdersController.list', 0]]);
      const { start_ms: start, duration_ms: duration, failed } = named(steps, name);
      expect(duration).toBeGreaterThanOrEqual(ms - 2);
      expect(duration).toBeLessThan(ms + 2 * MS);
      expect(failed).toBeUndefined();
      expect(named(steps, 'OrdersController.list').start_ms).toBeGreaterThanOrEqual(
        start + duration!,
      );
    },
  );

  it('follows the one before it', async () => {
    const { steps } = await requestThrough(platform, [Around, Later, AtOnce]);
    expect(tree(steps)).toEqual([
      ['Around.use', 0],
      ['Store.load', 1],
      ['Later.use', 0],
      ['AtOnce.use', 0],
      ['OrdersController.list', 0],
    ]);
    const ends = steps.map(({ start_ms: start, duration_ms: ms }) => start + ms!);
    expect(steps[2]!.start_ms).toBeGreaterThanOrEqual(ends[0]!);
    expect(steps[3]!.start_ms).toBeGreaterThanOrEqual(ends[2]!);
  });

  it('ends with the response of one that answers itself', async () => {
    const { steps, line, body } = await requestThrough(platform, [Answering]);
    expect([line['status_code'], body]).toEqual([503, 'closed']);
    expect(tree(steps)).toEqual([['Answering.use', 0]]);
    expect(steps[0]!.duration_ms).toBeGreaterThanOrEqual(MS - 2);
    expect(steps[0]).not.toHaveProperty('failed');
  });

  it('ends with one that has answered when it returns', async () => {
    const { steps } = await requestThrough(platform, [AnsweringAtOnce]);
    expect(steps).toEqual([
      {
        name: 'AnsweringAtOnce.use',
        start_ms: expect.any(Number),
        duration_ms: expect.any(Number),
      },
    ]);
  });

  it('has not ended where it neither answers nor passes on', async () => {
    const leave = (url: string) =>
      fetch(url, { signal: AbortSignal.timeout(2 * MS) }).catch(() => {});
    const { steps, line } = await requestThrough(platform, [Hanging], leave);
    expect(line['outcome']).toBe('aborted');
    expect(steps).toEqual([{ name: 'Hanging.use', start_ms: expect.any(Number) }]);
  });

  it.each<[string, Middleware, number]>([
    ['passes an error to next', Refusing, MS],
    ['throws', Throwing, 0],
    ['rejects', Rejecting, MS],
  ])('has failed where it %s', async (_, use, ms) => {
    const { steps, line } = await requestThrough(platform, [use]);
    expect(line['status_code']).toBe(500);
    const step = named(steps, `${use.name}.use`);
    expect(step.failed).toBe(true);
    expect(step.duration_ms).toBeGreaterThanOrEqual(ms - 2);
  });

  it('is the same with a name of its own', async () => {
    const { steps } = await requestThrough(platform, [Named]);
    expect(tree(steps)).toEqual([
      ['session', 0],
      ['OrdersController.list', 0],
    ]);
    expect(steps[0]!.duration_ms).toBeLessThan(3 * MS);
  });

  it('leaves the context that it opens to the rest of the request', async () => {
    const { body, steps } = await requestThrough(platform, [Opening]);
    expect(body).toBe('opened');
    expect(tree(steps)).toEqual([
      ['Opening.use', 0],
      ['OrdersController.list', 0],
    ]);
  });

  it('is not made on a route that is excluded', async () => {
    const send = async (url: string) => (await fetch(`${url}/skipped`)).text();
    const { steps } = await requestThrough(platform, [Later], send);
    expect(tree(steps)).toEqual([
      ['OrdersController.skipped', 0],
      ['inside', 1],
    ]);
  });

  it('leaves no listener on the response', async () => {
    const counts: number[] = [];
    class Counting {
      use(_request: IncomingMessage, response: ServerResponse, next: Next): void {
        counts.push(response.listenerCount('close') + response.listenerCount('finish'));
        next();
      }
    }
    await requestThrough(platform, [Counting, Later, Through, Counting]);
    expect(counts[1]).toBe(counts[0]);
  });
});
