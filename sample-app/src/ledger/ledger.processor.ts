import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import type { Charge } from '../contracts/payment.js';
import { LEDGER_QUEUE } from '../messaging/ledger-queue.js';
import { LedgerService } from './ledger.service.js';

/** Books the charges in the queue. */
@Processor(LEDGER_QUEUE)
export class LedgerProcessor extends WorkerHost {
  constructor(private readonly ledger: LedgerService) {
    super();
  }

  process(job: Job<Charge>): Promise<void> {
    return this.ledger.book(job.data);
  }
}
