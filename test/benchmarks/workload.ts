import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Logger, type OnModuleInit, Param, type Type } from '@nestjs/common';
import type { Client as PgClient } from 'pg';
import { PostgresSocket } from './clients/client-servers.js';

/** The three lines that a request writes; its fourth is the variant's access line. */
export const handlerMessages = [
  'Validating payment',
  'Charging payment',
  'Settled payment',
] as const;

const settled = Promise.resolve();

// Timed, an await costs itself and nothing else: no timer, no I/O. Checked, it lets the other
// requests in between, so that an id in the wrong place shows.
const step: () => Promise<void> =
  process.env['BENCHMARK_PACE'] === 'staggered' ? () => sleep(Math.random() * 20) : () => settled;

/** What every variant serves: five awaits and three log lines, through Nest's own `Logger`. */
@Controller('payments')
export class PaymentController {
  private readonly logger = new Logger(PaymentController.name);

  @Get(':id')
  async pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
    await step();
    this.logger.log(`${handlerMessages[0]} ${id}`);
    await step();
    await step();
    this.logger.log(`${handlerMessages[1]} ${id}`);
    await step();
    await step();
    this.logger.log(`${handlerMessages[2]} ${id}`);
    return { id, status: 'settled' };
  }
}

/** The same with one query, which is answered in this process. */
@Controller('payments')
class QueryingController extends PaymentController implements OnModuleInit {
  onModuleInit(): Promise<void> {
    return connect();
  }

  @Get(':id')
  override async pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
    await query(id);
    return super.pay(id);
  }
}

/** The same with two lines that are below the level. */
@Controller('payments')
class DebuggingController extends PaymentController {
  private readonly debugLogger = new Logger(DebuggingController.name);

  @Get(':id')
  override pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
    this.debugLogger.debug(`Account of payment ${id} is open`);
    this.debugLogger.debug(`Limit of payment ${id} is kept`);
    return super.pay(id);
  }
}

/** Four methods, which may each be a span, one query, and two lines below the level. */
@Controller('payments')
class LayeredController extends DebuggingController implements OnModuleInit {
  onModuleInit(): Promise<void> {
    return connect();
  }

  @Get(':id')
  override async pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
    this.checkAccount();
    this.checkLimits();
    this.reserve();
    await query(id);
    return super.pay(id);
  }

  checkAccount(): void {}

  checkLimits(): void {}

  reserve(): void {}
}

/** What the handler of a variant does, by the option of the variant. */
const controllers: Readonly<Record<string, () => Type<PaymentController>>> = {
  query: () => withDriver(QueryingController),
  recorder: () => DebuggingController,
  everything: () => withDriver(LayeredController),
};

export function controllerFor(option = ''): Type<PaymentController> {
  return controllers[option]?.() ?? PaymentController;
}

type Driver = { Client: typeof PgClient };
let driver: Driver;
let client: PgClient;

/** Before the application starts, as one loads it that imports it; only where there are queries. */
function withDriver(controller: Type<PaymentController>): Type<PaymentController> {
  driver = createRequire(import.meta.url)('pg') as Driver;
  return controller;
}

async function connect(): Promise<void> {
  client = new driver.Client({ stream: () => new PostgresSocket(), host: 'db', user: 'app' });
  await client.connect();
}

function query(id: string): Promise<unknown> {
  return client.query('SELECT id FROM payments WHERE id = $1', [id]);
}
