import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Charge, Payment, Settlement } from '../../contracts/payment.js';
import { ChargesService } from './charges.service.js';

/** The service of payments.proto. */
@Controller()
export class ChargesGrpcController {
  constructor(private readonly charges: ChargesService) {}

  @GrpcMethod('PaymentsWorker', 'Charge')
  charge(payment: Payment): Promise<Charge> {
    return this.charges.charge(payment);
  }

  @GrpcMethod('PaymentsWorker', 'Settle')
  settle(): Settlement {
    return this.charges.settle();
  }
}
