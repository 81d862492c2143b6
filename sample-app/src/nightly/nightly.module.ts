import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TracingModule } from 'nestjs-tracing';
import { collectorOrViewer } from '../exporters.js';
import { WorkerClientModule } from '../worker-client/worker-client.module.js';
import { SettlementJob } from './settlement.job.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-nightly' }),
    ...collectorOrViewer(),
    ScheduleModule.forRoot(),
    WorkerClientModule,
  ],
  providers: [SettlementJob],
})
export class NightlyModule {}
