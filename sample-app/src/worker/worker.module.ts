import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { collectorOrViewer } from '../exporters.js';
import { ChargesModule } from './charges/charges.module.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-worker' }),
    ...collectorOrViewer(),
    ChargesModule,
  ],
})
export class WorkerModule {}
