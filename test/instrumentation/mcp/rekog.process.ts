import '../../support/print-spans.js';
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { McpStrategy, StreamableHttpTransport } from '@rekog/mcp-nest';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import { PaymentTools } from './payment-tools.js';

const transport = new StreamableHttpTransport({ statefulMode: process.env['MODE'] === 'sessions' });
const strategy = new McpStrategy({ name: 'payments', version: '1', transports: [transport] });

@Module({
  imports: [TracingModule.forRoot({ format: 'json', service: 'mcp' })],
  controllers: [PaymentTools],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
strategy.setHttpAdapter(app.getHttpAdapter());
app.connectMicroservice({ strategy });
await app.startAllMicroservices();
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address() as { port: number };
process.send?.({ port });
