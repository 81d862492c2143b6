import { Module } from '@nestjs/common';
import { PaymentController } from './payment.controller.js';
import { PaymentGateway } from './payment.gateway.js';
import { PaymentService } from './payment.service.js';

@Module({
  controllers: [PaymentController],
  providers: [PaymentService, PaymentGateway],
})
export class PaymentsModule {}
