import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { exporters } from '../exporters.js';
import { PaymentsApi } from './payments.api.js';
import { PaymentsTools } from './payments.tools.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-mcp' }),
    TracingMetricsModule.forRoot(),
    ...exporters(),
  ],
  controllers: [PaymentsTools],
  providers: [PaymentsApi],
})
export class McpModule {}
