import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Param } from '@nestjs/common';
import { ClsModule, ClsService } from 'nestjs-cls';
import { DataSource, EntitySchema, type Repository } from 'typeorm';
import {
  addTransactionalDataSource,
  deleteDataSourceByName,
  initializeTransactionalContext,
  runOnTransactionCommit,
  runOnTransactionRollback,
  StorageDriver,
  Transactional,
} from 'typeorm-transactional';
import { TraceContext } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { overlapRequests, pause, say, type Traffic } from './overlapping-requests.js';

// Transactions that typeorm-transactional keeps in an async context of its own, beside a
// `ClsModule` of the application. Each database has one connection, so that requests wait for it.

interface Order {
  id: number;
  tenant: string;
}

const OrderSchema = new EntitySchema<Order>({
  name: 'Order',
  columns: { id: { type: Number, primary: true }, tenant: { type: String } },
});

const DATABASES = ['north', 'east', 'south', 'west'] as const;
const databaseOf = (n: number): string => DATABASES[n % DATABASES.length]!;
/** Every fifth order is refused in the midst of its transaction. */
const isRefused = (n: number): boolean => n % 5 === 0;

const sources = new Map<string, DataSource>();
const ordersIn = (n: number): Repository<Order> =>
  sources.get(databaseOf(n))!.getRepository<Order>('Order');

/** Hands a connection from one request to the next, called by the one that is done with it. */
class Turns {
  private isTaken = false;
  private readonly waiting: (() => void)[] = [];

  async take(): Promise<void> {
    if (this.isTaken) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.isTaken = true;
  }

  give(): void {
    this.isTaken = false;
    this.waiting.shift()?.();
  }
}
const turns = new Map(DATABASES.map((name) => [name as string, new Turns()]));

class RefusedError extends Error {}

function makeOrders(driver: string) {
  @Injectable()
  class Orders {
    readonly committed: number[] = [];
    readonly rolledBack: number[] = [];

    constructor(
      private readonly trace: TraceContext,
      private readonly cls: ClsService,
    ) {}

    @Transactional({ connectionName: DATABASES[0] })
    north(n: number): Promise<void> {
      return this.place(n);
    }

    @Transactional({ connectionName: DATABASES[1] })
    east(n: number): Promise<void> {
      return this.place(n);
    }

    @Transactional({ connectionName: DATABASES[2] })
    south(n: number): Promise<void> {
      return this.place(n);
    }

    @Transactional({ connectionName: DATABASES[3] })
    west(n: number): Promise<void> {
      return this.place(n);
    }

    private async place(n: number): Promise<void> {
      say(n, 'in a transaction');
      const ids = `${this.trace.requestId} ${this.cls.get<string>('tenant')}`;
      const stillIs = (): string => `${this.trace.requestId} ${this.cls.get<string>('tenant')}`;
      runOnTransactionCommit(() => {
        say(n, `committed ${stillIs() === ids}`);
        this.committed.push(n);
      });
      runOnTransactionRollback(() => {
        say(n, `rolled back ${stillIs() === ids}`);
        this.rolledBack.push(n);
      });
      await ordersIn(n).insert({ id: n, tenant: this.cls.get<string>('tenant') });
      await this.trace.span('check', async () => {
        await pause();
        say(n, 'checking');
        if (isRefused(n)) throw new RefusedError(`order ${n} is refused`);
      });
      if ((await ordersIn(n).countBy({ id: n })) !== 1) throw new Error('not in its transaction');
    }
  }

  @Controller(driver)
  class OrdersController {
    constructor(
      private readonly orders: Orders,
      private readonly trace: TraceContext,
    ) {}

    @Get(':n')
    async place(@Param('n') text: string): Promise<string> {
      const n = Number(text);
      this.trace.set('own', `own-${n}`);
      const turn = turns.get(databaseOf(n))!;
      await turn.take();
      say(n, 'has its turn');
      try {
        await this.orders[databaseOf(n) as (typeof DATABASES)[number]](n);
      } finally {
        turn.give();
      }
      say(n, 'placed');
      return text;
    }
  }
  return { Orders, OrdersController };
}

// In the order of a process that is restarted: the driver is one for all.
describe.each([
  ['AsyncLocalStorage', StorageDriver.ASYNC_LOCAL_STORAGE],
  ['the driver that it finds', StorageDriver.AUTO],
])('transactions of typeorm-transactional with %s', (_, storageDriver) => {
  beforeAll(async () => {
    initializeTransactionalContext({ storageDriver });
    for (const name of DATABASES) {
      const source = new DataSource({
        type: 'sqljs',
        entities: [OrderSchema],
        synchronize: true,
      });
      addTransactionalDataSource({ name, dataSource: source });
      sources.set(name, await source.initialize());
    }
  });

  afterAll(async () => {
    for (const [name, source] of sources) {
      deleteDataSourceByName(name);
      await source.destroy();
    }
    sources.clear();
  });

  it.each(PLATFORMS)('stay with their requests on %s', async (platform) => {
    const { Orders, OrdersController } = makeOrders(`orders-${platform}`);
    const tenant = ({ url = '' }: { url?: string }): string => `tenant of ${url}`;
    const imports = [
      ClsModule.forRoot({
        global: true,
        middleware: {
          mount: true,
          setup: (cls: ClsService, request: { originalUrl?: string; url?: string }) =>
            cls.set('tenant', tenant({ url: request.originalUrl ?? request.url })),
        },
      }),
    ];
    for (const source of sources.values()) await source.getRepository('Order').clear();
    const app = await tracedApp(platform)
      .of({ imports, providers: [Orders], controllers: [OrdersController] })
      .start();
    const path = (n: number): string => `/orders-${platform}/${n}`;
    const traffic: Traffic = {
      path,
      status: (n) => (isRefused(n) ? 500 : 200),
      // An error that no filter takes is logged by NestJS, without a number.
      fields: (n) => ({ own: `own-${n}` }),
    };
    const { lines, answers } = await overlapRequests(app, traffic);
    const numbers = answers.map(({ n }) => n);
    const { committed, rolledBack } = app.app.get(Orders);
    const inOrder = (some: readonly number[]): number[] => some.toSorted((a, b) => a - b);
    expect(inOrder(committed)).toEqual(numbers.filter((n) => !isRefused(n)));
    expect(inOrder(rolledBack)).toEqual(numbers.filter(isRefused));
    const messages = new Set(lines.map(({ message }) => message));
    expect(messages).not.toContain('committed false');
    expect(messages).not.toContain('rolled back false');
    for (const [name, source] of sources) {
      const stored = await source.getRepository<Order>('Order').find({ order: { id: 'ASC' } });
      const own = numbers.filter((n) => databaseOf(n) === name && !isRefused(n));
      expect(stored).toEqual(own.map((n) => ({ id: n, tenant: `tenant of ${path(n)}` })));
    }
  });
});
