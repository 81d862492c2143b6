import type { Step } from 'nestjs-tracing';
import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  InternalServerErrorException,
  Param,
  UseGuards,
  UsePipes,
  type CanActivate,
  type PipeTransform,
} from '@nestjs/common';
import Database from 'libsql';
import { DataSource, EntitySchema } from 'typeorm';
import { PLATFORMS, tracedApp, type TracedApp } from '../support/traced-app.js';

const MAX_LINE_BYTES = 4096;
const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36';

interface CustomerOrder {
  readonly id: number;
  readonly customer: string;
}

const CustomerOrders = new EntitySchema<CustomerOrder>({
  name: 'CustomerOrder',
  tableName: 'customer_orders_of_all_regions',
  columns: { id: { type: 'int', primary: true }, customer: { type: 'varchar' } },
});

/** An error as it would be in a container, with packages where pnpm puts them. */
function deployed<T>(thrown: T): T {
  if (!(thrown instanceof Error)) return thrown;
  const { stack = '' } = thrown;
  thrown.stack = stack
    .replaceAll(/(?:file:\/\/)?\S*\/node_modules\/@nestjs\/core\//g, `${PNPM}/@nestjs/core/`)
    .replaceAll(/(?:file:\/\/)?\/\S*\/test\/access-log\/line-size\.spec\.ts/g, OWN);
  deployed(thrown.cause);
  return thrown;
}
const PNPM =
  '/usr/src/app/node_modules/.pnpm/@nestjs+core@11.1.6_@nestjs+common@11.1.6_reflect-metadata@0.2.2_rxjs@7.8.2/node_modules';
const OWN = '/usr/src/app/dist/checkout/orders/checkout.service.js';

@Injectable()
class TokenGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    return true;
  }
}

@Injectable()
class TrimPipe implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}

@Injectable()
class OrdersRepository {
  constructor(private readonly database: DataSource) {}

  async find(id: number): Promise<CustomerOrder | null> {
    return this.database.getRepository(CustomerOrders).findOneBy({ id });
  }
}

@Injectable()
class PaymentsClient {
  async charge(order: string): Promise<unknown> {
    try {
      return await fetch(`http://127.0.0.1:1/charges/${order}`);
    } catch (cause) {
      throw new Error(`The payment provider is not reachable for order ${order}`, { cause });
    }
  }
}

@Injectable()
class PaymentsService {
  constructor(private readonly client: PaymentsClient) {}

  async pay(order: string): Promise<unknown> {
    try {
      return await this.client.charge(order);
    } catch (cause) {
      throw new Error(`Order ${order} could not be paid`, { cause });
    }
  }
}

@Injectable()
class StockService {
  async reserve(item: number): Promise<never> {
    await new Promise(setImmediate);
    throw new Error(`item ${item} is out of stock`);
  }
}

@Injectable()
class CheckoutService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly payments: PaymentsService,
    private readonly stock: StockService,
  ) {}

  async load(count: number): Promise<void> {
    for (let id = 0; id < count; id++) await this.orders.find(id);
  }

  async reserve(count: number): Promise<void> {
    await Promise.allSettled(Array.from({ length: count }, (_, item) => this.stock.reserve(item)));
  }

  async checkOut(order: string): Promise<unknown> {
    try {
      return await this.payments.pay(order);
    } catch (cause) {
      throw deployed(new InternalServerErrorException('Checkout failed', { cause }));
    }
  }
}

@UseGuards(TokenGuard)
@UsePipes(TrimPipe)
@Controller('checkout')
class CheckoutController {
  constructor(private readonly checkout: CheckoutService) {}

  @Get('pay/:order')
  async pay(@Param('order') order: string): Promise<unknown> {
    return this.checkout.checkOut(order);
  }

  @Get('load/:order')
  async load(@Param('order') order: string): Promise<unknown> {
    await this.checkout.load(300);
    return this.checkout.checkOut(order);
  }

  @Get('reserve/:order')
  async reserve(@Param('order') order: string): Promise<unknown> {
    await this.checkout.load(30);
    await this.checkout.reserve(30);
    return this.checkout.checkOut(order);
  }
}

async function database(): Promise<DataSource> {
  return new DataSource({
    type: 'better-sqlite3',
    driver: Database,
    database: ':memory:',
    synchronize: true,
    entities: [CustomerOrders],
  }).initialize();
}

const start = async (platform: 'express' | 'fastify'): Promise<TracedApp> =>
  tracedApp(platform)
    .with({ spans: { auto: true } })
    .of({
      controllers: [CheckoutController],
      providers: [
        CheckoutService,
        OrdersRepository,
        PaymentsClient,
        PaymentsService,
        StockService,
        { provide: DataSource, useFactory: database },
      ],
    })
    .start();

/** The access log line of a request to a path, and its bytes. */
async function lineOf({ send, sink }: TracedApp, path: string) {
  await send(`${path}?customer=alice&page=3&sort=created`, { headers: { 'user-agent': BROWSER } });
  const [line] = await sink.finishes(1);
  const raw = sink.raw.find((text) => text.includes('"Request finished"'))!;
  const causes: Error[] = [];
  for (let one = line!['error'] as Error; one !== undefined; one = one.cause as Error) {
    causes.push(one);
  }
  return { bytes: Buffer.byteLength(raw) + 1, steps: line!['steps'] as Step[], causes, line };
}

const failedNames = (steps: readonly Step[]): string[] =>
  steps.filter(({ failed }) => failed).map(({ name }) => name);

const PAYMENT = ['CheckoutService.checkOut', 'PaymentsService.pay', 'PaymentsClient.charge'];
const MESSAGES = [
  'Checkout failed',
  'Order 7 could not be paid',
  'The payment provider is not reachable for order 7',
  'fetch failed',
  'bad port',
];

describe.each(PLATFORMS)('the line of a request that failed, on %s', (platform) => {
  it.each([
    ['in a call with causes', 'pay'],
    ['after hundreds of queries', 'load'],
  ])('has at most 4 kB where it failed %s', async (_name, route) => {
    const { bytes, steps, causes } = await lineOf(await start(platform), `/checkout/${route}/7`);

    expect(failedNames(steps)).toEqual([`CheckoutController.${route}`, ...PAYMENT]);
    expect(causes.map(({ message }) => message)).toEqual(MESSAGES);
    const stacks = causes.map(({ stack }) => stack).join('\n');
    for (const name of PAYMENT) expect(stacks).toContain(name);
    expect(stacks.match(/router-proxy/g) ?? []).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(MAX_LINE_BYTES);
    // Room is used: the queries are there.
    if (route === 'load') expect(steps.some(({ count }) => count === 300)).toBe(true);
  });

  it('has each of thirty calls that failed together, with its error, and what took long', async () => {
    const { steps, line } = await lineOf(await start(platform), '/checkout/reserve/7');

    const calls = steps.filter(({ name, failed }) => name === 'StockService.reserve' && failed);
    expect(calls.map(({ error }) => error)).toEqual(
      Array.from({ length: 30 }, (_, item) => `Error: item ${item} is out of stock`),
    );
    const sums = steps.filter(({ count }) => count === 30).map(({ name }) => name);
    expect(sums).toEqual(['OrdersRepository.find', 'StockService.reserve']);
    expect(line!['db_count']).toBe(30);
    // As many errors of their own take more than 4 kB.
    for (const { start_ms: startMs, duration_ms: durationMs } of steps.filter(
      (one) => !one.count,
    )) {
      expect(startMs).toBeGreaterThanOrEqual(0);
      expect(startMs + durationMs!).toBeLessThanOrEqual((line!['duration_ms'] as number) + 0.01);
    }
  });
});
