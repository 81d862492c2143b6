import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Payment } from './payment.js';

const ANSWER_MS = 400;
const SLOW_MS = 250;

/** Stands for a gateway on the other side of the internet. */
@Injectable()
export class PaymentGateway {
  private readonly logger = new Logger(PaymentGateway.name);

  /** Resolves to the id of the charge. */
  async charge(_payment: Payment): Promise<string> {
    const startedAt = performance.now();
    await setTimeout(ANSWER_MS);
    const gateway_ms = Math.round(performance.now() - startedAt);
    if (gateway_ms > SLOW_MS) this.logger.warn('Gateway slow', { gateway_ms });
    return randomUUID();
  }
}
