import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule } from '@nestjs/microservices';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import '../../support/print-spans.js';
import { LEDGER, PaymentsController } from './payments.controller.js';
import { clientOptions, serverOptions } from './options-from-env.js';

@Module({
  imports: [
    TracingModule.forRoot({ service: 'worker', format: 'json' }),
    ClientsModule.register([{ name: LEDGER, ...clientOptions('LEDGER') }]),
  ],
  controllers: [PaymentsController],
})
class WorkerModule {}

const app = await NestFactory.createMicroservice(WorkerModule, {
  ...serverOptions('WORKER'),
  bufferLogs: true,
});
app.useLogger(app.get(TracingLogger));
await app.listen();
process.once('SIGTERM', () => void app.close().then(() => process.exit()));
process.send?.(readyOf(app.unwrap()));

function readyOf(server: unknown): object {
  const { address } = Object(server) as { address?: () => { port: number } };
  return typeof address === 'function' ? { port: address.call(server).port } : {};
}
