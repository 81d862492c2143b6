import { afterEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { Controller, Get, Inject, InternalServerErrorException, Logger } from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import {
  Span,
  subscribeApplication,
  TraceContext,
  TracingConfigError,
  TracingModule,
  type ApplicationSubscription,
} from '../../src/index.js';
import { LineSink } from '../support/line-sink.js';
import { PLATFORMS, sinkLogger, tracedApp, type Platform } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();
const subscriptions: ApplicationSubscription[] = [];
afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
});

@Controller()
class OrdersController {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  @Get('orders')
  @Span()
  list(): string {
    new Logger('Orders').log('listing');
    this.trace.set('tenant', 'acme');
    return this.trace.span('load', () => this.trace.span('query', () => 'orders'));
  }

  @Get('folded')
  folded(): void {
    for (let i = 0; i < 30; i++) this.trace.span('query', () => undefined);
    throw new InternalServerErrorException();
  }
}

type Seen = string[];

/** Subscribes and notes what was seen, one text each. */
function watch(of: Parameters<typeof subscribeApplication>[0]): Seen {
  const seen: Seen = [];
  subscriptions.push(
    subscribeApplication(of, {
      onRequestStart: ({ metadata }) => seen.push(`start ${metadata.path}`),
      onRequest: (request, line) =>
        seen.push(`end ${line.path} ${line.status_code} ${request.kind} ${request.finished}`),
      onSpan: ({ name, parentSpanId }, request) =>
        seen.push(`span ${name}${parentSpanId === request.spanId ? '' : ' inside'}`),
      onLog: ({ text, isAccessLog }) => seen.push(`log ${text}${isAccessLog ? ' (access)' : ''}`),
    }),
  );
  return seen;
}

const started = (platform: Platform) =>
  tracedApp(platform)
    .of({ controllers: [OrdersController] })
    .start();

describe.each(PLATFORMS)('a subscription on %s', (platform) => {
  it('sees requests, spans and entries, in the order in which they happen', async () => {
    const { app, send, sink } = await started(platform);
    const seen = watch(app);
    await send('/orders');
    await sink.finishes(1);
    expect(seen).toEqual([
      'start /orders',
      'log listing',
      'span query inside',
      'span load inside',
      'span OrdersController.list',
      'log Request finished (access)',
      'end /orders 200 request true',
    ]);
  });

  it('sees its own application and no other of the process', async () => {
    const [a, b] = [await started(platform), await started(platform)];
    const [ofA, ofB] = [watch(a.app), watch(b.app)];
    await b.send('/orders');
    await b.sink.finishes(1);
    expect(ofA).toEqual([]);
    expect(ofB).toHaveLength(7);
    await a.send('/orders');
    await a.sink.finishes(1);
    expect(ofA).toHaveLength(7);
    expect(ofB).toHaveLength(7);
  });

  it('sees folded spans as one record with their count and sum', async () => {
    const { app, send, sink } = await started(platform);
    const folded: (number | undefined)[] = [];
    const kept: (number | undefined)[] = [];
    subscriptions.push(
      subscribeApplication(app, {
        onRequest: ({ spans = [], spanId }) => {
          for (const span of spans) {
            (span.count === undefined ? kept : folded).push(span.count);
            expect(span.parentSpanId).toBe(spanId);
          }
          expect(spans[0]).toMatchObject({ name: 'query', count: 30, spanId: undefined });
        },
      }),
    );
    await send('/folded');
    await sink.finishes(1);
    expect(folded).toEqual([30]);
    expect(kept).toHaveLength(3);
    expect(warn).not.toHaveBeenCalled();
  });

  it('calls what it was given and nothing else', async () => {
    const { app, send, sink } = await started(platform);
    const seen: string[] = [];
    subscriptions.push(
      subscribeApplication(app, { onRequest: (_, { path }) => seen.push(path ?? '') }),
    );
    await send('/orders');
    await sink.finishes(1);
    expect(seen).toEqual(['/orders']);
  });

  it('causes one warning when a handler throws or rejects, and fails no request', async () => {
    const { app, send, sink } = await started(platform);
    const seen = watch(app);
    subscriptions.push(
      subscribeApplication(app, {
        onRequestStart: () => {
          throw new Error('on purpose');
        },
        onRequest: (() => Promise.reject(new Error('on purpose'))) as () => void,
        onLog: () => {
          throw new Error('on purpose');
        },
      }),
    );
    expect((await send('/orders')).status).toBe(200);
    await sink.finishes(1);
    expect(seen).toHaveLength(7);
    expect(warn.mock.calls.map(([, options]) => options)).toEqual([
      { type: 'TracingWarning', code: 'TRACING_SUBSCRIBER_FAILED' },
    ]);
  });

  it('ends when it is unsubscribed', async () => {
    const { app, send, sink } = await started(platform);
    const seen = watch(app);
    subscriptions[0]!.unsubscribe();
    await send('/orders');
    await sink.finishes(1);
    expect(seen).toEqual([]);
  });

  it('settles when requests that a shutdown has cut have ended', async () => {
    const { app, send } = await tracedApp(platform)
      .of({ controllers: [WaitingController] })
      .start();
    const seen: string[] = [];
    const subscription = subscribeApplication(app, {
      onRequestStart: () => seen.push('start'),
      onRequest: (_, { outcome }) => seen.push(outcome),
    });
    const entered = once(waiting, 'entered');
    const cut = send('/waiting').catch(() => 'cut');
    await entered;
    await app.close();
    await subscription.settle();
    expect(await cut).toBe('cut');
    expect(seen).toEqual(['start', 'errored']);
  });
});

const waiting = new EventEmitter();

@Controller()
class WaitingController {
  @Get('waiting')
  wait(): Promise<never> {
    waiting.emit('entered');
    return new Promise(() => {});
  }
}

describe('an application to subscribe to', () => {
  const sink = new LineSink();
  const context = () =>
    NestFactory.createApplicationContext(
      {
        module: class AppModule {},
        imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
      },
      { logger: false, abortOnError: false },
    );

  it('may be a context, a ModuleRef of it, or what a record names', async () => {
    const app = await context();
    const direct = watch(app);
    const byModule = watch(app.get(ModuleRef));
    app.get(TraceContext).run({ name: 'nightly' }, () => undefined);
    expect(direct).toEqual([
      'start undefined',
      'log Run finished (access)',
      'end undefined undefined run true',
    ]);
    expect(byModule).toEqual(direct);
    const named: string[] = [];
    subscriptions.push(
      subscribeApplication(app, {
        onRequest: ({ application }) => {
          subscriptions.push(
            subscribeApplication(application, { onRequest: (_, { job }) => named.push(job ?? '') }),
          );
        },
      }),
    );
    app.get(TraceContext).run({ name: 'first' }, () => undefined);
    app.get(TraceContext).run({ name: 'second' }, () => undefined);
    expect(named).toEqual(['second']);
    await app.close();
  });

  it('must have the module', async () => {
    const app = await NestFactory.createApplicationContext(
      { module: class AppModule {} },
      { logger: false, abortOnError: false },
    );
    expect(() => subscribeApplication(app, {})).toThrow(TracingConfigError);
    expect(() => subscribeApplication(app, {})).toThrow('TRACING_NOT_IMPORTED');
    await app.close();
  });

  it('has the entries of its logger outside of requests, also when another one runs', async () => {
    const [a, b] = [new LineSink(), new LineSink()];
    const open = (target: LineSink) =>
      NestFactory.createApplicationContext(
        {
          module: class AppModule {},
          imports: [TracingModule.forRoot({ logger: sinkLogger(target) })],
        },
        { logger: false, abortOnError: false },
      );
    const apps = [await open(a), await open(b)];
    const seen = apps.map((app) => watch(app));
    const { TracingLogger } = await import('../../src/index.js');
    apps[1]!.get(TracingLogger).log('outside');
    expect(seen).toEqual([[], ['log outside']]);
    await Promise.all(apps.map((app) => app.close()));
  });
});
