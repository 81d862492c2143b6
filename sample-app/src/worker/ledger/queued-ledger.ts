import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { Charge } from '../../contracts/payment.js';
import { LEDGER_QUEUE } from '../../messaging/ledger-queue.js';
import { Ledger } from './ledger.js';

/** Books through the queue of the ledger. */
@Injectable()
export class QueuedLedger extends Ledger {
  constructor(@InjectQueue(LEDGER_QUEUE) private readonly queue: Queue<Charge>) {
    super();
  }

  async book(charge: Charge): Promise<void> {
    await this.queue.add('book', charge, { attempts: 3, removeOnComplete: true });
  }
}
