import { Module } from '@nestjs/common';
import { TracingModule } from 'nestjs-tracing';
import { ChargesModule } from './charges/charges.module.js';

@Module({ imports: [TracingModule.forRoot({ service: 'payments-worker' }), ChargesModule] })
export class WorkerModule {}
