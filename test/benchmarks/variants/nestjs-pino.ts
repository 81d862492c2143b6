import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type INestApplication, Module, RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger, LoggerModule } from 'nestjs-pino';
import { serve, type Start } from '../server-host.js';
import { PaymentController } from '../workload.js';

/** The recipe of pino-http's README: the caller's id, else a new one, sent in the response. */
function genReqId(request: IncomingMessage, response: ServerResponse): string {
  const sent = request.headers['x-request-id'];
  const id = typeof sent === 'string' ? sent : randomUUID();
  response.setHeader('X-Request-ID', id);
  return id;
}

@Module({
  imports: [
    LoggerModule.forRoot({
      pinoHttp: { genReqId },
      // Its default, `{/*splat}`, matches nothing on Fastify with NestJS 12.5: no ids, no access line.
      forRoutes: [{ path: '*splat', method: RequestMethod.ALL }],
    }),
  ],
  controllers: [PaymentController],
})
class AppModule {}

// pino-http keeps an id that is already there, and Fastify always has one.
await serve(build, { requestIdHeader: 'x-request-id' });

async function build({ adapter }: Start): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
  app.useLogger(app.get(Logger));
  return app;
}
