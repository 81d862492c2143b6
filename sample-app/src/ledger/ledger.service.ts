import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { Booking } from '../contracts/booking.js';
import { PATTERNS } from '../contracts/patterns.js';
import type { Charge } from '../contracts/payment.js';

export const FEED_CLIENT = Symbol('feed-client');

@Injectable()
export class LedgerService {
  private readonly logger = new Logger(LedgerService.name);
  private readonly bookings: Booking[] = [];

  constructor(@Inject(FEED_CLIENT) private readonly feed: ClientProxy) {}

  async book({ chargeId, user, amount }: Charge): Promise<void> {
    const booking: Booking = { entry: this.bookings.length + 1, chargeId, user, amount };
    this.bookings.push(booking);
    this.logger.log(`Booked ${amount} of ${user}`, { entry: booking.entry });
    await lastValueFrom(this.feed.emit(PATTERNS.booked, booking), { defaultValue: undefined });
  }
}
