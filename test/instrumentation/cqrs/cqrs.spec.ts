import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Logger,
  Param,
  Scope,
  type Provider,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  AggregateRoot,
  AsyncContext,
  CommandBus,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventPublisher,
  EventsHandler,
  QueryBus,
  QueryHandler,
  UnhandledExceptionBus,
  type CqrsModuleOptions,
} from '@nestjs/cqrs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from '../../../src/index.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { tracedApp, type TracedApp } from '../../support/traced-app.js';
import { HoldingPublisher } from './holding-publisher.js';

class PlaceOrder {
  constructor(readonly id: string) {}
}
class FindOrder {
  constructor(readonly id: string) {}
}
class OrderPlaced {
  constructor(readonly id: string) {}
}
class OrderFailed {
  constructor(readonly id: string) {}
}
class AuditOrder {
  constructor(readonly id: string) {}
}

/** Logs in several turns of the event loop. */
@Injectable()
class Steps {
  private readonly logger = new Logger('steps');

  constructor(private readonly trace: TraceContext) {}

  async log(message: string, id: string): Promise<void> {
    for (const step of ['begin', 'middle', 'end']) {
      this.logger.log({ message, id, step, seen: this.trace.requestId });
      if (step !== 'end') await sleep((Number(id) * 7) % 11);
    }
  }
}

class Order extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }
}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler {
  constructor(
    private readonly steps: Steps,
    private readonly publisher: EventPublisher,
    private readonly events: EventBus,
  ) {}

  async execute({ id }: PlaceOrder) {
    await this.steps.log('command', id);
    const order = this.publisher.mergeObjectContext(new Order(id));
    order.apply(new OrderPlaced(id));
    order.commit();
    this.events.publishAll([new OrderPlaced(id), new OrderPlaced(id)]);
    return id;
  }
}

@CommandHandler(AuditOrder, { scope: Scope.REQUEST })
class AuditOrderHandler {
  constructor(
    @Inject(REQUEST) private readonly context: AsyncContext,
    private readonly steps: Steps,
    private readonly events: EventBus,
  ) {}

  async execute({ id }: AuditOrder) {
    await this.steps.log('scoped command', id);
    this.events.publish(new OrderPlaced(id), this.context);
  }
}

@QueryHandler(FindOrder)
class FindOrderHandler {
  constructor(private readonly steps: Steps) {}

  async execute({ id }: FindOrder) {
    await this.steps.log('query', id);
    return id;
  }
}

@EventsHandler(OrderPlaced)
class OrderPlacedHandler {
  constructor(private readonly steps: Steps) {}

  handle({ id }: OrderPlaced) {
    return this.steps.log('event', id);
  }
}

@EventsHandler(OrderPlaced, { scope: Scope.REQUEST })
class ScopedOrderPlacedHandler {
  constructor(private readonly steps: Steps) {}

  handle({ id }: OrderPlaced) {
    return this.steps.log('scoped event', id);
  }
}

@EventsHandler(OrderFailed)
class OrderFailedHandler {
  async handle() {
    await sleep(3);
    throw new Error('no such order');
  }
}

@Controller()
class OrderController {
  private readonly logger = new Logger('orders');

  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly events: EventBus,
    unhandled: UnhandledExceptionBus,
  ) {
    unhandled.subscribe(({ exception, cause }) => {
      const { id } = cause as OrderFailed;
      this.logger.log({ message: 'unhandled', id, reason: (exception as Error).message });
    });
  }

  @Get('place/:id')
  async place(@Param('id') id: string) {
    await this.commands.execute(new PlaceOrder(id));
    await this.queries.execute(new FindOrder(id));
    void this.commands.execute(new AuditOrder(id));
    return id;
  }

  @Get('fail/:id')
  fail(@Param('id') id: string) {
    this.events.publish(new OrderFailed(id));
  }
}

const providers: Provider[] = [
  Steps,
  PlaceOrderHandler,
  AuditOrderHandler,
  FindOrderHandler,
  OrderPlacedHandler,
  ScopedOrderPlacedHandler,
  OrderFailedHandler,
];

/** How often each of them logs for one order. */
const TIMES: Readonly<Record<string, number>> = {
  command: 3,
  query: 3,
  'scoped command': 3,
  event: 12,
  'scoped event': 12,
};
const LINES_EACH = Object.values(TIMES).reduce((sum, count) => sum + count, 0);

function ordersApp(options?: CqrsModuleOptions): Promise<TracedApp> {
  return tracedApp('express')
    .of({ imports: [CqrsModule.forRoot(options)], controllers: [OrderController], providers })
    .start();
}

const stepsIn = ({ sink }: TracedApp): Line[] => sink.lines.filter((line) => 'step' in line);

describe.each([
  ['the default publisher', (): CqrsModuleOptions => ({})],
  ['a publisher that holds events back', () => ({ eventPublisher: new HoldingPublisher() })],
])('commands, queries and events with %s', (_, makeOptions) => {
  async function start(): Promise<TracedApp> {
    const options = makeOptions();
    const app = await ordersApp(options);
    const { eventPublisher } = options;
    if (eventPublisher instanceof HoldingPublisher) {
      eventPublisher.deliverTo(app.app.get(EventBus).subject$);
    }
    return app;
  }

  it('run in the context of the caller', async () => {
    const app = await start();
    const response = await app.send('/place/3');
    await eventually(() => stepsIn(app).length >= LINES_EACH, 'all steps');
    const requestId = response.headers.get('x-request-id');
    for (const [message, times] of Object.entries(TIMES)) {
      expect(app.sink.linesOf(message)).toHaveLength(times);
    }
    const flaws = stepsIn(app).filter(
      (line) => line.request_id !== requestId || line['seen'] !== requestId,
    );
    expect(flaws).toEqual([]);
    expect(app.sink.lines.filter((line) => line.message.endsWith(' finished'))).toHaveLength(1);
  });

  it('of 200 interleaved requests do not mix', async () => {
    const app = await start();
    const owners = new Map<string, string | null>();
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await sleep((index * 3) % 17);
        const response = await app.send(`/place/${index}`);
        owners.set(String(index), response.headers.get('x-request-id'));
      }),
    );
    await eventually(() => stepsIn(app).length >= 200 * LINES_EACH, 'all steps');
    expect(new Set(owners.values()).size).toBe(200);
    const flaws = stepsIn(app).filter((line) => {
      const owner = owners.get(String(line['id']));
      return line.request_id !== owner || line['seen'] !== owner;
    });
    expect(flaws).toEqual([]);
  });

  it('that throw are reported in the context of the publisher', async () => {
    const app = await start();
    const response = await app.send('/fail/5');
    await eventually(() => app.sink.linesOf('unhandled').length === 1, 'the report');
    const requestId = response.headers.get('x-request-id');
    expect(app.sink.linesOf('unhandled')).toEqual([
      expect.objectContaining({ id: '5', reason: 'no such order', request_id: requestId }),
    ]);
    await eventually(
      () => app.sink.lines.some(({ level }) => level === 'error'),
      'the line of NestJS',
    );
    const errors = app.sink.lines.filter(({ level }) => level === 'error');
    expect(errors).toEqual([
      expect.objectContaining({ context: 'EventBus', request_id: requestId }),
    ]);
  });

  it('outside of any context have none, though requests are in flight', async () => {
    const app = await start();
    const commands = app.app.get(CommandBus);
    const inFlight = app.send('/place/20');
    await sleep(5);
    for (let run = 0; run < 10; run++) {
      await commands.execute(new PlaceOrder('0'));
      await sleep(1);
    }
    await inFlight;
    await eventually(() => stepsIn(app).length >= LINES_EACH + 10 * 21, 'all steps');
    const outside = stepsIn(app).filter((line) => line['id'] === '0');
    expect(outside).toHaveLength(210);
    expect(outside.filter((line) => line.trace_id !== '-' || 'seen' in line)).toEqual([]);
  });
});

describe('events that are no objects of their own', () => {
  it('do not mix either', async () => {
    const CONSTANT = new OrderPlaced('1');
    @Controller()
    class ConstantController {
      constructor(private readonly events: EventBus) {}

      @Get('constant')
      async constant() {
        this.events.publish(CONSTANT);
        await sleep(3);
        this.events.publish('a string' as never);
      }
    }
    const app = await tracedApp('express')
      .of({
        imports: [CqrsModule.forRoot()],
        controllers: [ConstantController],
        providers: [Steps, OrderPlacedHandler],
      })
      .start();
    const responses = await Promise.all([app.send('/constant'), app.send('/constant')]);
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    await eventually(() => stepsIn(app).length === 6, 'all steps');
    for (const response of responses) {
      const own = stepsIn(app).filter(
        (line) => line.request_id === response.headers.get('x-request-id'),
      );
      expect(own.map((line) => line['step'])).toEqual(['begin', 'middle', 'end']);
    }
  });
});

describe('an event that is kept', () => {
  it('keeps nothing of its request alive when no saga and no publisher held it back', async () => {
    const kept: OrderPlaced[] = [];
    @Controller()
    class KeepingController {
      constructor(private readonly events: EventBus) {}

      @Get('keep')
      keep() {
        kept.push(new OrderPlaced('1'), new OrderPlaced('2'));
        this.events.publish(kept[0]!);
        this.events.publishAll([kept[1]!]);
      }
    }
    const app = await tracedApp('express')
      .of({
        imports: [CqrsModule.forRoot()],
        controllers: [KeepingController],
        providers: [Steps, OrderPlacedHandler],
      })
      .start();
    await app.send('/keep');
    await eventually(() => stepsIn(app).length === 6, 'all steps');
    const origins = (globalThis as unknown as Record<symbol, WeakMap<object, unknown>>)[
      Symbol.for('nestjs-tracing.v1.event-origins')
    ];
    expect(kept.map((event) => origins?.has(event))).toEqual([false, false]);
  });
});
