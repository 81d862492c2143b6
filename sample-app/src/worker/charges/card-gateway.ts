import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Payment } from '../../contracts/payment.js';

const ANSWER_MS = 400;

/** Simulates a remote card gateway. */
@Injectable()
export class CardGateway {
  /** Resolves to the id of the charge. */
  async charge(_payment: Payment): Promise<string> {
    await setTimeout(ANSWER_MS);
    return randomUUID();
  }
}
