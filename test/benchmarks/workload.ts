import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Logger, Param } from '@nestjs/common';

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
