import 'reflect-metadata';
import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TracingLogger, TracingModule } from 'nestjs-tracing';
import { TraceViewerModule, type TraceViewerOptions } from 'nestjs-tracing/viewer';

// One process of an application with a shared trace viewer, or, with WORKERS, a cluster of them: every
// other one runs on Fastify.

const {
  PLATFORM = 'express',
  SERVICE = 'shop',
  PORT = '0',
  WORKERS,
  AUTHORIZE,
  UNSHARED,
} = process.env;

@Controller()
class PayController {
  private readonly logger = new Logger('Pay');

  @Get('pay/:n')
  pay(@Param('n') n: string): number {
    this.logger.log(`paid ${n}`);
    this.logger.debug(`detail of ${n}`);
    return process.pid;
  }
}

async function serve(): Promise<void> {
  const options: TraceViewerOptions = {
    shared: UNSHARED === undefined,
    limits: { requestsPerSecond: 1e6, linesPerSecond: 1e6 },
    ...(AUTHORIZE !== undefined && { authorize: () => true }),
  };
  @Module({
    imports: [
      TracingModule.forRoot({ service: SERVICE, format: 'json' }),
      TraceViewerModule.forRoot(options),
    ],
    controllers: [PayController],
  })
  class AppModule {}
  const adapter = PLATFORM === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  app.enableShutdownHooks();
  await app.listen(Number(PORT), '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  process.send?.({ port });
}

async function serveAll(count: number): Promise<void> {
  const workers = Array.from({ length: count }, (_, n) =>
    cluster.fork({ PLATFORM: n % 2 === 0 ? 'express' : 'fastify' }),
  );
  const ready = await Promise.all(workers.map((worker) => once(worker, 'message')));
  const [[first]] = ready as [[{ port: number }]];
  process.send?.({ port: first.port, pids: workers.map((worker) => worker.process.pid) });
}

if (cluster.isPrimary && WORKERS !== undefined) await serveAll(Number(WORKERS));
else await serve();
