import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { Booking } from '../contracts/booking.js';
import { PATTERNS } from '../contracts/patterns.js';
import { FeedGateway } from './feed.gateway.js';

@Controller()
export class FeedController {
  constructor(private readonly feed: FeedGateway) {}

  @EventPattern(PATTERNS.booked)
  publish(@Payload() booking: Booking): void {
    this.feed.publish(booking);
  }
}
