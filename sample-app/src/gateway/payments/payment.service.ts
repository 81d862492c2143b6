import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger, UnprocessableEntityException } from '@nestjs/common';
import type { Payment, Receipt } from '../../contracts/payment.js';
import { PaymentsWorker } from '../../worker-client/payments-worker.js';

const MAX_AMOUNT = 10_000;
const VALIDATION_MS = 40;
const SLOW_MS = 250;

@Injectable()
export class PaymentService {
  private readonly logger = new Logger(PaymentService.name);

  constructor(private readonly worker: PaymentsWorker) {}

  async pay(payment: Payment): Promise<Receipt> {
    this.logger.log(`Processing payment for user ${payment.user}`);
    await this.validate(payment);
    const { chargeId, gatewayMs } = await this.worker.charge(payment);
    if (gatewayMs > SLOW_MS) this.logger.warn('Gateway slow', { gateway_ms: gatewayMs });
    this.logger.log('Payment complete');
    return { ...payment, chargeId };
  }

  private async validate({ amount }: Payment): Promise<void> {
    this.logger.log('Validating payment');
    await setTimeout(VALIDATION_MS);
    if (amount > MAX_AMOUNT) {
      throw new UnprocessableEntityException(`amount must not be over ${MAX_AMOUNT}`);
    }
  }
}
