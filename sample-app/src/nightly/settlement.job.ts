import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { PaymentsWorker } from '../worker-client/payments-worker.js';

export const SETTLEMENT = 'settlement';

@Injectable()
export class SettlementJob {
  private readonly logger = new Logger(SettlementJob.name);

  constructor(private readonly worker: PaymentsWorker) {}

  @Cron(CronExpression.EVERY_DAY_AT_2AM, { name: SETTLEMENT, waitForCompletion: true })
  async settle(): Promise<void> {
    this.logger.log('Settling the day');
    const { charges, total } = await this.worker.settle();
    this.logger.log(`Settled ${total} of ${charges} charges`);
  }
}
