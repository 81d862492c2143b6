import type { Socket } from 'node:net';
import { createRequire } from 'node:module';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { trace as openTelemetry } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import type { Redis as IoRedis, RedisOptions } from 'ioredis';
import type { Client as PgClient } from 'pg';
import { countFinished, registerCountingSdk } from '../counted-spans.js';
import { PostgresSocket, RedisSocket } from './client-servers.js';

/** Requests that call a client library, one call after the other. */
export interface ClientCaller {
  readonly request: () => Promise<unknown>;
  /** Of one request. */
  readonly calls: number;
  /** How many spans each call is to make, which is looked at before anything is timed. */
  readonly expected: 0 | 1;
  /** Counts the spans of calls that end meanwhile. */
  readonly count: (fn: () => Promise<unknown>) => Promise<number>;
  readonly close: () => Promise<unknown>;
}

/** What a request does with a client library, and how often. */
interface Work {
  readonly run: () => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

type Surroundings = (work: () => Promise<Work>) => Promise<ClientCaller>;

const CALLS = 10;

// A driver is loaded when an instrumentation of OpenTelemetry is there to see it.
const load = createRequire(import.meta.url);

/** The kinds of calls. */
export const clientWork = {
  'pg, parameters': () =>
    pgWork(['SELECT id FROM orders WHERE customer = $1 AND total > $2', [7, 1]]),
  'pg, values in the text': () => pgWork(undefined),
  'ioredis `GET`': redisWork,
} as const satisfies Record<string, () => Promise<Work>>;

/** Where they are made. The first is what the others are compared with. */
export const surroundings = {
  nothing: inNothing,
  'nestjs-tracing, outside a request': (work) => inTracing(work, true, false),
  'nestjs-tracing, `clients: false`': (work) => inTracing(work, false, true),
  'nestjs-tracing': (work) => inTracing(work, true, true),
  'OpenTelemetry SDK, not instrumented': (work) => inSdk(work, false),
  'OpenTelemetry SDK, instrumented': (work) => inSdk(work, true),
} as const satisfies Record<string, Surroundings>;

export const clientCallers: Readonly<Record<string, () => Promise<ClientCaller>>> =
  Object.fromEntries(
    Object.entries(clientWork).flatMap(([kind, work]) =>
      Object.entries(surroundings).map(([where, callerIn]) => [
        callerName(kind, where),
        () => callerIn(work),
      ]),
    ),
  );

export function callerName(kind: string, where: string): string {
  return `${kind}: ${where}`;
}

async function pgWork(query: [string, unknown[]] | undefined): Promise<Work> {
  const { Client } = load('pg') as { Client: typeof PgClient };
  const client = new Client({
    stream: () => new PostgresSocket(),
    host: 'db',
    user: 'app',
  });
  await client.connect();
  let made = 0;
  const ask =
    query === undefined
      ? () =>
          client.query(
            `SELECT id, total FROM orders WHERE customer = ${++made} AND name = 'Ada ${made}' AND total > 10`,
          )
      : () => client.query(...query);
  return { run: () => repeat(ask), close: () => client.end() };
}

async function redisWork(): Promise<Work> {
  const { Redis } = load('ioredis') as { Redis: typeof IoRedis };
  const { AbstractConnector } = load('ioredis') as {
    AbstractConnector: NonNullable<RedisOptions['Connector']>;
  };
  class Connector extends AbstractConnector {
    override connect(): Promise<Socket> {
      return Promise.resolve(new RedisSocket() as unknown as Socket);
    }
  }
  const client = new Redis({ Connector, enableReadyCheck: false, lazyConnect: true });
  await client.connect();
  return { run: () => repeat(() => client.get('order:1')), close: () => client.quit() };
}

async function repeat(call: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < CALLS; i++) await call();
}

async function inNothing(work: () => Promise<Work>): Promise<ClientCaller> {
  const { run, close } = await work();
  return { request: run, calls: CALLS, expected: 0, count: countFinished, close };
}

async function inTracing(
  work: () => Promise<Work>,
  clients: boolean,
  isRequest: boolean,
): Promise<ClientCaller> {
  @Module({ imports: [TracingModule.forRoot({ spans: { clients }, accessLog: false })] })
  class AppModule {}
  const { run, close } = await work();
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const trace = app.get(TraceContext);
  return {
    request: isRequest ? () => trace.run(undefined, run) : run,
    calls: CALLS,
    expected: clients && isRequest ? 1 : 0,
    count: countFinished,
    close: () => Promise.all([close(), app.close()]),
  };
}

async function inSdk(work: () => Promise<Work>, isInstrumented: boolean): Promise<ClientCaller> {
  const count = registerCountingSdk();
  const instrumentations = [new PgInstrumentation(), new IORedisInstrumentation()];
  if (isInstrumented) registerInstrumentations({ instrumentations });
  else for (const one of instrumentations) one.disable();
  const { run, close } = await work();
  const tracer = openTelemetry.getTracer('benchmark');
  const request = () =>
    tracer.startActiveSpan('request', async (span) => {
      await run();
      span.end();
    });
  return {
    request,
    calls: CALLS,
    expected: isInstrumented ? 1 : 0,
    // Without the span of the request.
    count: async (fn) => (await count(fn)) - 1,
    close,
  };
}
