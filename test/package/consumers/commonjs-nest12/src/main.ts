import 'reflect-metadata';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TraceContext, TraceId, TracingLogger, TracingModule } from 'nestjs-tracing';

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
  imports: [TracingModule.forRoot({ service: 'commonjs-nest12' })],
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
  await app.close();
}

void main();
