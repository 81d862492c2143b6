import 'reflect-metadata';
import { subscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TraceContext, TracingModule, type SpanFinishEvent } from '../../src/index.js';

// Makes millions of spans and reports to its parent what remains of them after 1,000 and after
// 10,000 requests.

const REQUESTS = [1_000, 10_000] as const;
const AT_ONCE = 50;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let spans = 0;
const kept: unknown[] = [];
const keepsOne = process.env['KEEP_A_SPAN'] !== undefined;
subscribe('nestjs-tracing:span:finish', (message) => {
  spans++;
  const { span } = message as SpanFinishEvent;
  if (keepsOne && span.name === 'handler') kept.push(span);
});

@Module({ imports: [TracingModule.forRoot({ format: 'json' })] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const trace = app.get(TraceContext);

/** 100 spans: nested, equal, each of another name, overlapping, failed. */
async function handle(request: number): Promise<void> {
  await trace.span('handler', async () => {
    for (let i = 0; i < 60; i++) trace.span('cache get', () => i, { key: i });
    for (let i = 0; i < 10; i++) trace.span(`step ${i} of ${request}`, () => i);
    await Promise.all(
      Array.from({ length: 14 }, () => trace.span('query', () => trace.span('wait', nextTurn))),
    );
    await trace.span('broken', () => Promise.reject(new Error('broken'))).catch(ignore);
  });
  if (request % 10 === 0) throw new Error('one in ten fails, so its line has steps');
}

function ignore(): void {}

async function serve(from: number, to: number): Promise<void> {
  for (let next = from; next < to; next += AT_ONCE) {
    const requests = Array.from({ length: AT_ONCE }, (_, i) => next + i);
    await Promise.all(
      requests.map((request) => trace.run(undefined, () => handle(request)).catch(ignore)),
    );
  }
}

async function heapUsed(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await nextTurn();
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

await serve(0, REQUESTS[0]);
const early = await heapUsed();
await serve(REQUESTS[0], REQUESTS[1]);
const late = await heapUsed();
process.send?.({ spans, early, late, kept: kept.length });
await app.close();
process.disconnect?.();
