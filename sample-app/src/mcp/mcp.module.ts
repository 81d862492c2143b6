import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { collectorOrViewer } from '../exporters.js';
import { PaymentsApi } from './payments.api.js';
import { PaymentsTools } from './payments.tools.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-mcp' }),
    TracingMetricsModule.forRoot(),
    ...collectorOrViewer(),
  ],
  controllers: [PaymentsTools],
  providers: [PaymentsApi],
})
export class McpModule {}
