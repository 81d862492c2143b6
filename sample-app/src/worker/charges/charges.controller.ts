import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { PATTERNS } from '../../contracts/patterns.js';
import type { Charge, Payment, Settlement } from '../../contracts/payment.js';
import { ChargesService } from './charges.service.js';

@Controller()
export class ChargesController {
  constructor(private readonly charges: ChargesService) {}

  @MessagePattern(PATTERNS.charge)
  charge(@Payload() payment: Payment): Promise<Charge> {
    return this.charges.charge(payment);
  }

  @MessagePattern(PATTERNS.settle)
  settle(): Settlement {
    return this.charges.settle();
  }
}
