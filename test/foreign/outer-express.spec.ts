import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Param, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express, { type RequestHandler } from 'express';
import { fastify } from 'fastify';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TraceContext, TracingLogger, TracingModule } from '../../src/index.js';
import { LineSink } from '../support/line-sink.js';
import { sinkLogger, tracedApp } from '../support/traced-app.js';
import { overlapRequests, pause, say } from './overlapping-requests.js';

@Controller('carts')
class CartsController {
  constructor(private readonly trace: TraceContext) {}

  @Get(':n')
  async show(@Param('n') n: string): Promise<string> {
    this.trace.set('own', `own-${n}`);
    say(n, 'showing');
    await pause();
    say(n, 'shown');
    return n;
  }
}

/** A middleware that lets requests go on from a queue, in the context of another request. */
function queued(): RequestHandler {
  const waiting: (() => void)[] = [];
  const drain = (): void => waiting.splice(0).forEach((next) => next());
  return (_request, _response, next) => {
    drain();
    waiting.push(next);
    setTimeout(drain, 2);
  };
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function listen(handler: express.Express): Promise<number> {
  return new Promise((resolve) => {
    const server: Server = handler.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
  });
}

/** Answers of routes that are not NestJS's, asked while others are under way. */
async function askOthers(port: number, path: string): Promise<string[]> {
  const calls = Array.from({ length: 50 }, async (_, n) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}/${n}`);
    return `${response.status} ${await response.text()}`;
  });
  return Promise.all(calls);
}
const expected = Array.from({ length: 50 }, (_, n) => `200 outside ${n}`);

const outside: RequestHandler = (request, response) => {
  setTimeout(() => response.send(`outside ${String(request.params['n'])}`), 3);
};

describe('an Express that mounts the application', () => {
  it.each([
    ['under a path', '/api'],
    ['under a path with a parameter', '/tenants/:tenant/api'],
  ])('%s, beside routes of its own', async (_, mount) => {
    const sink = new LineSink();
    const inner = await tracedApp('express', sink)
      .of({ controllers: [CartsController] })
      .create();
    closing.push(() => inner.close());
    inner.useLogger(inner.get(TracingLogger));
    await inner.init();
    // NestJS 11 does so only when it listens.
    inner.flushLogs();
    const outer = express();
    outer.use(queued());
    outer.get('/outside/:n', outside);
    outer.use(mount, inner.getHttpAdapter().getInstance() as express.Express);
    const port = await listen(outer);

    const path = mount.replace(':tenant', 'acme');
    const traffic = {
      path: (n: number) => `${path}/carts/${n}`,
      fields: (n: number) => ({ own: `own-${n}`, handler: 'CartsController.show' }),
      lines: () => 2,
    };
    const [{ finished }, others] = await Promise.all([
      overlapRequests({ port, sink }, traffic),
      askOthers(port, '/outside'),
    ]);
    expect(others).toEqual(expected);
    // A template or nothing: where it is mounted only Express knows.
    const routes = new Set(finished.map(({ route }) => String(route)));
    expect([...routes].filter((route) => route.includes('acme') || /\d/.test(route))).toEqual([]);
  });
});

describe('an application on an instance with earlier routes', () => {
  async function start(
    adapter: ExpressAdapter,
  ): Promise<{ app: INestApplication; sink: LineSink }> {
    const sink = new LineSink();
    @Module({
      imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
      controllers: [CartsController],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, adapter, {
      bufferLogs: true,
      abortOnError: false,
      forceCloseConnections: true,
    });
    closing.push(() => app.close());
    app.useLogger(app.get(TracingLogger));
    await app.listen(0, '127.0.0.1');
    return { app, sink };
  }

  const instances = {
    express: () => {
      const instance = express();
      instance.use(queued());
      instance.get('/outside/:n', outside);
      return new ExpressAdapter(instance);
    },
    fastify: () => {
      const instance = fastify({ forceCloseConnections: true });
      const waiting: (() => void)[] = [];
      const drain = (): void => waiting.splice(0).forEach((done) => done());
      instance.addHook('onRequest', (_request, _reply, done) => {
        drain();
        waiting.push(done);
        setTimeout(drain, 2);
      });
      instance.get<{ Params: { n: string } }>('/outside/:n', async ({ params }) => {
        await pause();
        return `outside ${params.n}`;
      });
      return new FastifyAdapter(instance as never) as unknown as ExpressAdapter;
    },
  };

  it.each(Object.keys(instances) as (keyof typeof instances)[])(
    'and middlewares is right on %s',
    async (platform) => {
      const { app, sink } = await start(instances[platform]());
      const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
      const found = await overlapRequests(
        { port, sink },
        { path: (n) => `/carts/${n}`, lines: () => 2 },
      );
      expect(found.finished[0]).toMatchObject({ route: '/carts/:n' });
      expect(await askOthers(port, '/outside')).toEqual(expected);
    },
  );
});
