import { Injectable, Logger } from '@nestjs/common';
import { Span } from 'nestjs-tracing';
import type { Refund } from './refund.js';

@Injectable()
export class RefundAnnouncer {
  private readonly logger = new Logger(RefundAnnouncer.name);

  @Span()
  announce({ user, amount }: Partial<Refund>): void {
    if (user === undefined) throw new Error('A refund without a user cannot be announced');
    this.logger.log(`Announcing the refund of ${amount} to ${user}`);
  }
}
