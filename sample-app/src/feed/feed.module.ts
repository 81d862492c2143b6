import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { collectorOrPage } from '../exporters.js';
import { FeedController } from './feed.controller.js';
import { FeedGateway } from './feed.gateway.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-feed' }),
    TracingMetricsModule.forRoot(),
    ...collectorOrPage(),
  ],
  controllers: [FeedController],
  providers: [FeedGateway],
})
export class FeedModule {}
