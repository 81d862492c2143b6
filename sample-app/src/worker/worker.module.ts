import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { exporters } from '../exporters.js';
import { ChargesModule } from './charges/charges.module.js';

@Module({
  imports: [TracingModule.forRoot({ service: 'payments-worker' }), ...exporters(), ChargesModule],
})
export class WorkerModule {}
