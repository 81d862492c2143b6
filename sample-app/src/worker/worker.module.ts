import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { collectorOrPage } from '../exporters.js';
import { ChargesModule } from './charges/charges.module.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'payments-worker' }),
    ...collectorOrPage(),
    ChargesModule,
  ],
})
export class WorkerModule {}
