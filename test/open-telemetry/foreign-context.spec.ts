import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, Get, Param } from '@nestjs/common';
import { context, trace as tracing } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { Request } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  tracing.setGlobalTracerProvider(new BasicTracerProvider());
});
afterAll(() => {
  tracing.disable();
  context.disable();
});

@Controller('orders')
class OrdersController {
  constructor(private readonly trace: TraceContext) {}

  @Get(':id')
  async find(@Param('id') id: string) {
    await sleep(1);
    const query = tracing.getTracer('a-database').startSpan('SELECT orders');
    query.end();
    const { traceId } = query.spanContext();
    return { id, isOwn: traceId === this.trace.traceId, traceId };
  }
}

it.each(PLATFORMS)(
  'spans of an SDK belong to the request at hand, though another one has called `next` (%s)',
  async (platform) => {
    const waiting: (() => void)[] = [];
    const { send } = await tracedApp(platform)
      .of({ controllers: [OrdersController] })
      .prepared((app) => {
        app.use((request: Request, _response: unknown, next: () => void) => {
          if (request.originalUrl.endsWith('early')) {
            waiting.push(next);
          } else {
            waiting.splice(0).forEach((callback) => callback());
            next();
          }
        });
      })
      .start();
    const early = send('/orders/early');
    while (waiting.length === 0) await sleep(5);
    const answers = await Promise.all([early, send('/orders/late')]);
    const found = await Promise.all(
      answers.map((answer) => answer.json() as Promise<{ isOwn: boolean; traceId: string }>),
    );
    expect(found).toMatchObject([
      { id: 'early', isOwn: true },
      { id: 'late', isOwn: true },
    ]);
    expect(answers.map(({ headers }) => headers.get('x-trace-id'))).toEqual(
      found.map(({ traceId }) => traceId),
    );
  },
);
