import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { REFUNDED } from './refund.js';

export const REFUNDS_CLIENT = Symbol('refunds-client');

@Injectable()
export class RefundsService {
  private readonly logger = new Logger(RefundsService.name);

  constructor(@Inject(REFUNDS_CLIENT) private readonly feed: ClientProxy) {}

  /** Sends an event without its user, and learns nothing of what becomes of it. */
  async refund(amount: number): Promise<void> {
    await lastValueFrom(this.feed.emit(REFUNDED, { amount }), { defaultValue: undefined });
    this.logger.log(`Refunded ${amount}`);
  }
}
