import { readFileSync } from 'node:fs';
import 'reflect-metadata';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  TraceContext,
  TraceId,
  TracingLogger,
  TracingModule,
  TracingSpanProcessor,
} from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { OtlpModule } from 'nestjs-tracing/otlp';
import { TraceViewerModule } from 'nestjs-tracing/viewer';

export const processors: readonly SpanProcessor[] = [new TracingSpanProcessor()];

@Controller()
class HelloController {
  private readonly logger = new Logger(HelloController.name);

  constructor(private readonly trace: TraceContext) {}

  @Get('hello')
  async hello(@TraceId() traceId: string): Promise<object> {
    await Promise.resolve();
    this.logger.log('hello');
    return { traceId, commonjs: this.trace.requestId };
  }
}

@Module({
  imports: [
    TracingModule.forRoot({ service: 'commonjs-nest12' }),
    TracingMetricsModule.forRoot(),
    TraceViewerModule.forRoot(),
    // Nothing listens there, which must not matter.
    OtlpModule.forRoot({ url: 'http://127.0.0.1:9', shutdownTimeout: 100 }),
  ],
  controllers: [HelloController],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}/hello`, {
    headers: { 'x-request-id': 'req-001', connection: 'close' },
  });
  console.log(JSON.stringify({ message: 'answer', body: await response.json() }));
  const metrics = await (await fetch(`${await app.getUrl()}/metrics`)).text();
  const isCounted = metrics.includes('http_route="/hello"');
  console.log(JSON.stringify({ message: 'metrics', isCounted }));
  const viewer = `${await app.getUrl()}/_traces`;
  // Where the viewer keeps its token, in this project.
  const token = readFileSync('node_modules/.cache/nestjs-tracing/viewer-token', 'utf8');
  const headers = { authorization: `Bearer ${token}` };
  const page = await (await fetch(`${viewer}/`, { headers })).text();
  const script = await fetch(`${viewer}/page.js`, { headers });
  // A list with one empty item: as short as OTLP in protobuf can be that is worth reading.
  const otlp = await fetch(`${viewer}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Uint8Array.of(0x0a, 0x00),
  });
  const isPage = page.includes('page.js') && (await script.text()).length > 10_000;
  console.log(JSON.stringify({ message: 'viewer', isPage, otlp: otlp.status }));
  await app.close();
}

void main();
