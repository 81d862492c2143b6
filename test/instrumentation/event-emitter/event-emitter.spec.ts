import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  Logger,
  Param,
  Scope,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from '../../../src/index.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { tracedApp, type TracedApp } from '../../support/traced-app.js';

interface OrderEvent {
  readonly id: string;
}

@Injectable()
class OrderListener {
  private readonly logger = new Logger(OrderListener.name);

  constructor(private readonly trace: TraceContext) {}

  private async handle(how: string, { id }: OrderEvent): Promise<string> {
    for (const step of ['begin', 'middle', 'end']) {
      this.logger.log({ message: how, id, step, seen: this.trace.requestId });
      if (step !== 'end') await sleep((Number(id) * 7) % 11);
    }
    return how;
  }

  @OnEvent('order.created')
  plain(event: OrderEvent) {
    return this.handle('plain', event);
  }

  @OnEvent('order.created')
  second(event: OrderEvent) {
    return this.handle('second', event);
  }

  @OnEvent('order.created', { async: true })
  asynchronous(event: OrderEvent) {
    return this.handle('async', event);
  }

  @OnEvent('order.created', { async: true, nextTick: true })
  nextTick(event: OrderEvent) {
    return this.handle('nextTick', event);
  }

  @OnEvent('order.created', { promisify: true })
  promisified(event: OrderEvent) {
    return this.handle('promisify', event);
  }

  @OnEvent('order.*', { prependListener: true })
  wildcard(event: OrderEvent) {
    return this.handle('wildcard', event);
  }

  @OnEvent('**')
  any(event: OrderEvent) {
    return this.handle('any', event);
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScopedListener {
  private readonly logger = new Logger(RequestScopedListener.name);

  constructor(
    @Inject(REQUEST) private readonly payload: unknown,
    private readonly trace: TraceContext,
  ) {}

  @OnEvent('order.created')
  async handle({ id }: OrderEvent) {
    for (const step of ['begin', 'middle', 'end']) {
      const seen = this.trace.requestId;
      const isPayload = JSON.stringify(this.payload).includes(`"${id}"`);
      this.logger.log({ message: 'request scope', id, step, seen, isPayload });
      await sleep(2);
    }
  }
}

const WAYS = [
  'plain',
  'second',
  'async',
  'nextTick',
  'promisify',
  'wildcard',
  'any',
  'request scope',
];

@Controller()
class OrderController {
  private readonly logger = new Logger(OrderController.name);

  constructor(private readonly emitter: EventEmitter2) {}

  @Get('emit/:id')
  emit(@Param('id') id: string) {
    this.emitter.emit('order.created', { id });
  }

  @Get('emit-late/:id')
  async emitLate(@Param('id') id: string) {
    await sleep(Number(id) % 5);
    this.emitter.emit('order.created', { id });
  }

  @Get('emit-async/:id')
  async emitAsync(@Param('id') id: string) {
    const answers = await this.emitter.emitAsync('order.created', { id });
    this.logger.log({ message: 'answered', id });
    return answers;
  }
}

function ordersApp(): Promise<TracedApp> {
  return tracedApp('express')
    .of({
      imports: [EventEmitterModule.forRoot({ wildcard: true })],
      controllers: [OrderController],
      providers: [OrderListener, RequestScopedListener],
    })
    .start();
}

const handled = ({ sink }: TracedApp): Line[] => sink.lines.filter((line) => 'step' in line);

describe('handlers of events', () => {
  it.each(['emit', 'emit-late', 'emit-async'])(
    'of `%s` run in the context of the emitter',
    async (path) => {
      const app = await ordersApp();
      const response = await app.send(`/${path}/7`);
      await eventually(() => handled(app).length === WAYS.length * 3, 'all handlers');
      const requestId = response.headers.get('x-request-id');
      const traceId = response.headers.get('x-trace-id');
      const flaws = handled(app).filter(
        (line) =>
          line.request_id !== requestId || line['seen'] !== requestId || line.trace_id !== traceId,
      );
      expect(flaws).toEqual([]);
      for (const way of WAYS) expect(app.sink.linesOf(way)).toHaveLength(3);
      expect(app.sink.linesOf('request scope').every((line) => line['isPayload'])).toBe(true);
      expect(app.sink.lines.filter((line) => line.message.endsWith(' finished'))).toHaveLength(1);
    },
  );

  it('of 200 interleaved requests do not mix', async () => {
    const app = await ordersApp();
    const paths = ['emit', 'emit-late', 'emit-async'];
    const owners = new Map<string, string | null>();
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await sleep((index * 3) % 17);
        const response = await app.send(`/${paths[index % 3]}/${index}`);
        owners.set(String(index), response.headers.get('x-request-id'));
      }),
    );
    const count = 200 * WAYS.length * 3;
    await eventually(() => handled(app).length >= count, 'all handlers');
    const lines = handled(app);
    expect(lines).toHaveLength(count);
    expect(new Set(owners.values()).size).toBe(200);
    const flaws = lines.filter((line) => {
      const owner = owners.get(String(line['id']));
      return line.request_id !== owner || line['seen'] !== owner;
    });
    expect(flaws).toEqual([]);
  });
});

describe('a handler that throws', () => {
  @Injectable()
  class FailingListener {
    @OnEvent('swallowed')
    async swallowed() {
      await sleep(2);
      throw new Error('swallowed by NestJS');
    }

    @OnEvent('thrown', { suppressErrors: false })
    async thrown() {
      await sleep(2);
      throw new Error('handed on');
    }
  }

  @Controller()
  class FailingController {
    constructor(private readonly emitter: EventEmitter2) {}

    @Get('swallowed')
    swallowed() {
      this.emitter.emit('swallowed');
    }

    @Get('thrown')
    async thrown() {
      try {
        await this.emitter.emitAsync('thrown');
      } catch (error) {
        throw new HttpException((error as Error).message, 502, { cause: error });
      }
    }
  }

  const failingApp = (): Promise<TracedApp> =>
    tracedApp('express')
      .of({
        imports: [EventEmitterModule.forRoot()],
        controllers: [FailingController],
        providers: [FailingListener],
      })
      .start();

  it('is logged by NestJS in the context of the emitter', async () => {
    const app = await failingApp();
    const response = await app.send('/swallowed');
    await eventually(() => app.sink.linesOf('swallowed by NestJS').length === 1, 'the error');
    const [line] = app.sink.linesOf('swallowed by NestJS');
    expect(line).toMatchObject({
      level: 'error',
      context: 'Event',
      request_id: response.headers.get('x-request-id'),
    });
    const [finish] = await app.sink.finishes(1);
    expect(finish).toMatchObject({ outcome: 'completed', request_id: line!.request_id });
  });

  it('fails an emitter that waits for it', async () => {
    const app = await failingApp();
    const response = await app.send('/thrown');
    expect(response.status).toBe(502);
    const [finish] = await app.sink.finishes(1);
    expect(finish).toMatchObject({ outcome: 'errored', status_code: 502 });
  });
});

describe('an emitter outside of any context', () => {
  it('has handlers without one, though requests are in flight', async () => {
    @Injectable()
    class TickEmitter implements OnApplicationBootstrap {
      private timer: NodeJS.Timeout | undefined;

      constructor(private readonly emitter: EventEmitter2) {}

      onApplicationBootstrap() {
        this.timer = setInterval(() => this.emitter.emit('order.created', { id: '1' }), 5);
      }

      beforeApplicationShutdown() {
        clearInterval(this.timer);
      }
    }

    @Controller()
    class SlowController {
      @Get('slow')
      async slow() {
        await sleep(40);
      }
    }

    const app = await tracedApp('express')
      .of({
        imports: [EventEmitterModule.forRoot({ wildcard: true })],
        controllers: [SlowController],
        providers: [OrderListener, RequestScopedListener, TickEmitter],
      })
      .start();
    await app.send('/slow');
    await eventually(() => handled(app).length > 50, 'some handlers');
    const lines = handled(app);
    expect(new Set(lines.map((line) => line.message))).toEqual(new Set(WAYS));
    expect(lines.filter((line) => line.trace_id !== '-' || 'seen' in line)).toEqual([]);
    expect(app.sink.lines.filter((line) => line.message.endsWith(' finished'))).toHaveLength(1);
  });
});
