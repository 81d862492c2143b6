import { Inject, Injectable } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { PATTERNS } from '../../contracts/patterns.js';
import type { Charge } from '../../contracts/payment.js';
import { Ledger } from './ledger.js';

export const LEDGER_CLIENT = Symbol('ledger-client');

/** Books by sending the ledger an event. */
@Injectable()
export class EventLedger extends Ledger {
  constructor(@Inject(LEDGER_CLIENT) private readonly client: ClientProxy) {
    super();
  }

  async book(charge: Charge): Promise<void> {
    await lastValueFrom(this.client.emit(PATTERNS.charged, charge), { defaultValue: undefined });
  }
}
