import 'reflect-metadata';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { TraceContext, TracingLogger, TracingModule } from 'nestjs-tracing';
import { ForeignQueue } from './foreign-contexts.js';
import { faultOf } from './hand-made-faults.js';
import { answerRunner } from './server-answers.js';
import { ServerStateReader } from './server-state.js';
import { SoakController } from './soak-controller.js';

// The program of a server under soak: a real application, its log on standard output.

const BODY_LIMIT = 16 * 1024;
/** Short, so that the connections of the server's own calls close soon. */
const KEEP_ALIVE_MS = 3000;

const [, , platform, faultName] = process.argv;
const fault = faultOf(faultName);

// On a busy machine any request can take longer than `slowerThan`, and would list its steps.
const accessLog = { slowerThan: Infinity, ...fault?.options?.accessLog };

@Module({
  imports: [TracingModule.forRoot({ ...fault?.options, accessLog })],
  controllers: [SoakController],
})
class AppModule {}

const app = await createApp();
app.useLogger(app.get(TracingLogger));
app.enableCors();
const context = app.get(TraceContext);
app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
  fault?.onRequest?.({ request, response, context });
  const { url = '' } = request;
  if (url.startsWith('/middleware/')) throw new Error(`#${/\d+/.exec(url)?.[0]} in a middleware`);
  next();
});
// Behind the one that throws: what throws in a queue fails whoever drains it.
const queue = new ForeignQueue();
app.use(({ url = '' }: IncomingMessage, _: ServerResponse, next: () => void) => {
  queue.goOn(url, next);
});
const server = app.getHttpServer() as Server;
server.keepAliveTimeout = KEEP_ALIVE_MS;
const state = new ServerStateReader(server);
await app.listen(0, '127.0.0.1');
await answerRunner(app, state);

function createApp(): Promise<INestApplication> {
  if (platform === 'fastify') {
    const adapter = new FastifyAdapter({ bodyLimit: BODY_LIMIT });
    return NestFactory.create(AppModule, adapter, { bufferLogs: true });
  }
  return createExpressApp();
}

async function createExpressApp(): Promise<INestApplication> {
  const adapter = new ExpressAdapter();
  const app = await NestFactory.create<NestExpressApplication>(AppModule, adapter, {
    bufferLogs: true,
  });
  return app.useBodyParser('json', { limit: BODY_LIMIT });
}
