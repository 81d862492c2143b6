import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { REFUNDED, type Refund } from './refund.js';
import { RefundAnnouncer } from './refund-announcer.js';

@Controller()
export class RefundEventsController {
  constructor(private readonly announcer: RefundAnnouncer) {}

  @EventPattern(REFUNDED)
  announce(@Payload() refund: Partial<Refund>): void {
    this.announcer.announce(refund);
  }
}
