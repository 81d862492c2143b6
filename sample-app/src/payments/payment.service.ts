import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger, UnprocessableEntityException } from '@nestjs/common';
import { PaymentGateway } from './payment.gateway.js';
import type { Payment, Receipt } from './payment.js';

const MAX_AMOUNT = 10_000;
const VALIDATION_MS = 40;

@Injectable()
export class PaymentService {
  private readonly logger = new Logger(PaymentService.name);

  constructor(private readonly gateway: PaymentGateway) {}

  async pay(payment: Payment): Promise<Receipt> {
    this.logger.log(`Processing payment for user ${payment.user}`);
    await this.validate(payment);
    const chargeId = await this.gateway.charge(payment);
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
