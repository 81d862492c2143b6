import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from '@jest/globals';
import { Module, type INestMicroservice, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import { eventually, LineSink, type Line } from '../../support/line-sink.js';
import { sinkLogger } from '../../support/traced-app.js';

/** A microservice in this process, and what it logs. */
export interface ServerApp {
  readonly app: INestMicroservice;
  readonly sink: LineSink;
  /** Its access log lines, once there are that many and a superfluous one would have come. */
  readonly finished: (count: number) => Promise<Line[]>;
}

/** NestJS's TCP, on a port that the system chooses. */
export const TCP: MicroserviceOptions = {
  transport: Transport.TCP,
  options: { host: '127.0.0.1', port: 0 },
};

const running: INestMicroservice[] = [];

afterAll(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** Makes a microservice that does not listen yet. */
export async function serverApp(
  metadata: ModuleMetadata,
  transport: MicroserviceOptions = TCP,
): Promise<ServerApp> {
  const sink = new LineSink();
  const tracing = TracingModule.forRoot({ logger: sinkLogger(sink) });

  @Module({ ...metadata, imports: [tracing, ...(metadata.imports ?? [])] })
  class ServerModule {}

  const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
    ...transport,
    bufferLogs: true,
    abortOnError: false,
  });
  running.push(app);
  app.useLogger(app.get(TracingLogger));
  return { app, sink, finished: (count) => finishes(sink, count) };
}

/** Starts it, and returns its port. */
export async function listen({ app }: ServerApp): Promise<number> {
  await app.listen();
  return app.unwrap<{ address(): { port: number } }>().address().port;
}

async function finishes(sink: LineSink, count: number): Promise<Line[]> {
  const found = (): Line[] => sink.linesOf('Message finished');
  await eventually(() => found().length >= count, `${count} access log lines`);
  await sleep(20);
  return found();
}
