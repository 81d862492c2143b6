import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import '../../support/print-spans.js';
import { GrpcController } from './grpc.controller.js';
import { serverOptions } from './options-from-env.js';

@Module({
  imports: [TracingModule.forRoot({ service: 'payments', format: 'json' })],
  controllers: [GrpcController],
})
class PaymentsModule {}

let port = 0;
const { transport, options } = serverOptions('PAYMENTS') as { transport: number; options: object };
const app = await NestFactory.createMicroservice(PaymentsModule, {
  transport,
  options: {
    ...options,
    // NestJS gives access to the bound server in this callback only.
    onLoadPackageDefinition: (_definition: unknown, server: object) => (port = portOf(server)),
  },
  bufferLogs: true,
});
app.useLogger(app.get(TracingLogger));
await app.listen();
process.once('SIGTERM', () => void app.close().then(() => process.exit()));
process.send?.({ port });

function portOf(server: object): number {
  const { http2Servers } = server as {
    http2Servers: Map<{ address(): { port: number } }, unknown>;
  };
  return [...http2Servers.keys()][0]!.address().port;
}
