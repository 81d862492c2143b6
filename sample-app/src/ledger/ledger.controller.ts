import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PATTERNS } from '../contracts/patterns.js';
import type { Charge } from '../contracts/payment.js';
import { LedgerService } from './ledger.service.js';

/** Books the charges that arrive as events, when there is no queue. */
@Controller()
export class LedgerController {
  constructor(private readonly ledger: LedgerService) {}

  @EventPattern(PATTERNS.charged)
  book(@Payload() charge: Charge): Promise<void> {
    return this.ledger.book(charge);
  }
}
