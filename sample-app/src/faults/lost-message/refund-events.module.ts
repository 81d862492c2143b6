import { Module } from '@nestjs/common';
import { RefundAnnouncer } from './refund-announcer.js';
import { RefundEventsController } from './refund-events.controller.js';

/** What the feed does with a refund. */
@Module({ controllers: [RefundEventsController], providers: [RefundAnnouncer] })
export class RefundEventsModule {}
