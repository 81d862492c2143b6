import { Injectable, Logger } from '@nestjs/common';
import type { Charge, Payment, Settlement } from '../../contracts/payment.js';
import { Ledger } from '../ledger/ledger.js';
import { CardGateway } from './card-gateway.js';

@Injectable()
export class ChargesService {
  private readonly logger = new Logger(ChargesService.name);
  private unsettled: Charge[] = [];

  constructor(
    private readonly cards: CardGateway,
    private readonly ledger: Ledger,
  ) {}

  async charge(payment: Payment): Promise<Charge> {
    this.logger.log(`Charging the card of ${payment.user}`);
    const startedAt = performance.now();
    const chargeId = await this.cards.charge(payment);
    const gatewayMs = Math.round(performance.now() - startedAt);
    this.logger.log('Card charged');
    const charge: Charge = { ...payment, chargeId, gatewayMs };
    this.unsettled.push(charge);
    await this.ledger.book(charge);
    return charge;
  }

  settle(): Settlement {
    const charges = this.unsettled;
    this.unsettled = [];
    const total = charges.reduce((sum, { amount }) => sum + amount, 0);
    this.logger.log(`Paying out ${total} for ${charges.length} charges`);
    return { charges: charges.length, total };
  }
}
