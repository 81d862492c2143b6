import { Body, Controller, Post } from '@nestjs/common';
import { TraceId } from 'nestjs-tracing';
import type { Payment, Receipt } from '../../contracts/payment.js';
import { ParsePaymentPipe } from './parse-payment.pipe.js';
import { PaymentService } from './payment.service.js';

@Controller('payment')
export class PaymentController {
  constructor(private readonly payments: PaymentService) {}

  /** The receipt names its trace, so that a customer can quote it to support. */
  @Post()
  async pay(
    @Body(ParsePaymentPipe) payment: Payment,
    @TraceId() traceId: string,
  ): Promise<Receipt & { traceId: string }> {
    const receipt = await this.payments.pay(payment);
    return { ...receipt, traceId };
  }
}
