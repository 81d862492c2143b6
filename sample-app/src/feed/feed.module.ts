import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { collectorOrViewer } from '../exporters.js';
import { RefundEventsModule } from '../faults/lost-message/refund-events.module.js';
import { FeedController } from './feed.controller.js';
import { FeedGateway } from './feed.gateway.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-feed' }),
    TracingMetricsModule.forRoot(),
    ...collectorOrViewer(),
    RefundEventsModule,
  ],
  controllers: [FeedController],
  providers: [FeedGateway],
})
export class FeedModule {}
