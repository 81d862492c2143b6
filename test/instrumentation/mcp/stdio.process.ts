import 'reflect-metadata';
import { StdioServerTransport as Transport1 } from '@modelcontextprotocol/sdk/server/stdio.js';
import { serveStdio, StdioServerTransport as Transport2 } from '@modelcontextprotocol/server/stdio';
import { Injectable, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { McpStrategy, StdioTransport } from '@rekog/mcp-nest';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext, TracingLogger, TracingModule } from '../../../src/index.js';
import { serverOfVersion1, serverOfVersion2 } from './hand-made.js';
import { PaymentTools } from './payment-tools.js';

const { KIND = '', OUTPUT, DELAY = '0' } = process.env;

/** Has something to say before anybody could know what standard output is for. */
@Injectable()
class Early implements OnModuleInit {
  private readonly logger = new Logger(Early.name);

  constructor(private readonly tracing: TracingLogger) {
    tracing.log('constructed');
  }

  async onModuleInit(): Promise<void> {
    await sleep(50);
    this.tracing.log('initialized');
    this.logger.log('buffered');
  }
}

const output = OUTPUT as 'stderr' | undefined;

@Module({
  imports: [TracingModule.forRoot({ format: 'json', service: 'mcp', output })],
  providers: [Early],
  controllers: [PaymentTools],
})
class AppModule {}

if (KIND === 'rekog') {
  const strategy = new McpStrategy({
    name: 'payments',
    version: '1',
    transports: [new StdioTransport()],
  });
  const app = await NestFactory.createMicroservice(AppModule, { strategy, bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await app.listen();
} else {
  const app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await sleep(Number(DELAY));
  const trace = app.get(TraceContext);
  if (KIND === 'v1') await serverOfVersion1(trace).connect(new Transport1());
  else if (KIND === 'v2') await serverOfVersion2(trace).connect(new Transport2());
  else if (KIND === 'modern') serveStdio(() => serverOfVersion2(trace));
  // So that its lines are not those of a process that ends.
  else setTimeout(() => {}, 10_000);
}
