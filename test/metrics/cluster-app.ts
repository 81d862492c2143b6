import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import 'reflect-metadata';
import { TracingModule } from '../../src/index.js';
import { clusterMetrics, TracingMetricsModule } from '../../src/metrics/index.js';

// A cluster of three workers, of which one has a registry of its own. The primary serves the metrics.

const WORKERS = 3;

@Controller('users')
class UsersController {
  @Get(':id')
  find(@Param('id') id: string): string {
    return id;
  }

  @Get(':id/held')
  async held(): Promise<string> {
    await sleep(60_000, undefined, { ref: false });
    return 'held';
  }
}

async function work(): Promise<void> {
  const registry = cluster.worker!.id === 1 ? new Registry() : undefined;
  @Module({
    imports: [
      TracingModule.forRoot({ logger: { silent: true } }),
      TracingMetricsModule.forRoot({ registry, cluster: true, path: false }),
    ],
    controllers: [UsersController],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false });
  const server = (await app.listen(0, '127.0.0.1')) as { address(): AddressInfo };
  process.send?.({ port: server.address().port });
}

async function lead(): Promise<void> {
  const ports = await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      const worker = cluster.fork();
      const [message] = (await once(worker, 'message')) as [{ port: number }];
      return message.port;
    }),
  );
  const server = createServer(clusterMetrics()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.({ ports, metrics: (server.address() as AddressInfo).port });
}

await (cluster.isPrimary ? lead() : work());
