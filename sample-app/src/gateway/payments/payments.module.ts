import { Module } from '@nestjs/common';
import { WorkerClientModule } from '../../worker-client/worker-client.module.js';
import { PaymentController } from './payment.controller.js';
import { PaymentService } from './payment.service.js';

@Module({
  imports: [WorkerClientModule],
  controllers: [PaymentController],
  providers: [PaymentService],
})
export class PaymentsModule {}
