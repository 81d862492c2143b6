import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import '../../support/print-spans.js';
import { LedgerController } from './payments.controller.js';
import { serverOptions } from './options-from-env.js';

@Module({
  imports: [TracingModule.forRoot({ service: 'ledger', format: 'json' })],
  controllers: [LedgerController],
})
class LedgerModule {}

const app = await NestFactory.createMicroservice(LedgerModule, {
  ...serverOptions('LEDGER'),
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
