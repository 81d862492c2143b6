import { describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { initTRPC, TRPCError } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { Router } from 'express';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';

const t = initTRPC.create();
const router = t.router({
  user: t.router({
    byId: t.procedure.query(() => ({ name: 'Ada' })),
    rename: t.procedure.mutation(() => 'done'),
  }),
  list: t.procedure.query(() => [1]),
  missing: t.procedure.query(() => {
    throw new TRPCError({ code: 'NOT_FOUND' });
  }),
  broken: t.procedure.query(() => {
    throw new Error('failure');
  }),
});

const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };

function mount(app: INestApplication, platform: Platform, path: string): Promise<void> | void {
  if (platform === 'express') {
    app.use(path, createExpressMiddleware({ router }));
    return;
  }
  const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
  fastify.register(fastifyTRPCPlugin, { prefix: path, trpcOptions: { router } });
}

async function trpcApp(platform: Platform, path = '/trpc') {
  const traced = await tracedApp(platform)
    .of({ imports: [TracingMetricsModule.forRoot({ registry: new Registry() })] })
    .prepared((app) => void mount(app, platform, path))
    .start();
  let count = 0;
  const routeOf = async (url: string, init: RequestInit = {}): Promise<unknown> => {
    await (await traced.send(url, init)).text();
    count += 1;
    const lines = await traced.sink.finishes(count);
    return lines.at(-1)!['route'];
  };
  const labels = async (): Promise<Set<string>> => {
    const text = await (await traced.send('/metrics')).text();
    const found = [...text.matchAll(/_count\{[^}]*http_route="([^"]*)"/g)].map(([, r]) => r!);
    return new Set(found.filter((route) => route !== '/metrics'));
  };
  return { ...traced, routeOf, labels };
}

describe.each(PLATFORMS)('the route of tRPC on %s', (platform) => {
  it('is the procedure, in the metrics too', async () => {
    const { routeOf, labels } = await trpcApp(platform);
    expect(await routeOf('/trpc/user.byId?input=%7B%22id%22%3A7%7D')).toBe('/trpc/user.byId');
    expect(await routeOf('/trpc/user.rename', POST)).toBe('/trpc/user.rename');
    expect(await routeOf('/trpc/list?batch=1&input=%7B%7D')).toBe('/trpc/list');
    expect(await routeOf('/trpc/list,list?batch=1&input=%7B%7D')).toBe('/trpc/list');
    expect(await routeOf('/trpc/list,user.byId?batch=1&input=%7B%7D')).toBe('/trpc/:batch');
    expect(await labels()).toEqual(
      new Set(['/trpc/user.byId', '/trpc/user.rename', '/trpc/list', '/trpc/:batch']),
    );
  });

  it('is never text that a caller has chosen', async () => {
    const { routeOf, labels } = await trpcApp(platform);
    const stream = { headers: { 'trpc-accept': 'application/jsonl' } };
    for (const [url, init] of [
      ['/trpc/unknown-1', {}],
      ['/trpc/unknown-2?batch=1&input=%7B%7D', {}],
      ['/trpc/unknown-3,list?batch=1&input=%7B%7D', {}],
      ['/trpc/unknown-4?batch=1&input=%7B%7D', stream],
      ['/trpc/unknown-5?input=not-json', {}],
      [
        '/trpc/unknown-6',
        { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      ],
      ['/trpc/unknown%20seven', {}],
      [`/trpc/${'x'.repeat(99)}`, {}],
      ['/trpc/__proto__', {}],
      ['/trpc/broken', {}],
      ['/trpc/missing', {}],
    ] as [string, RequestInit][]) {
      expect([url, await routeOf(url, init)]).toEqual([url, '/trpc/:procedure']);
    }
    // Fastify's router refuses it, without a route.
    const long = await routeOf(`/trpc/${'x'.repeat(2000)}`);
    expect(long).toBe(platform === 'express' ? '/trpc/:procedure' : undefined);
    expect(await labels()).toEqual(
      new Set(['/trpc/:procedure', ...(platform === 'express' ? [] : ['_unmatched'])]),
    );
  });

  it('stays with a procedure that has succeeded when it is called wrongly', async () => {
    const { routeOf } = await trpcApp(platform);
    expect(await routeOf('/trpc/list')).toBe('/trpc/list');
    expect(await routeOf('/trpc/list', POST)).toBe('/trpc/list');
    expect(await routeOf('/trpc/list?input=not-json')).toBe('/trpc/list');
  });

  it('is a template under a mount with a parameter', async () => {
    const { routeOf } = await trpcApp(platform, '/tenants/:tenant/rpc');
    expect(await routeOf('/tenants/acme/rpc/list')).toBe('/tenants/:tenant/rpc/list');
    expect(await routeOf('/tenants/acme/rpc/nothing')).toBe('/tenants/:tenant/rpc/:procedure');
  });
});

it('is found in a router of Express', async () => {
  const { send, sink } = await tracedApp('express')
    .prepared((app) => {
      app.use('/api/:version', Router().use('/rpc', createExpressMiddleware({ router })));
    })
    .start();
  await (await send('/api/v1/rpc/list')).text();
  expect((await sink.finishes(1))[0]!['route']).toBe('/api/:version/rpc/list');
});

describe('the route of what a plugin of Fastify has registered', () => {
  it('has the prefixes of all plugins around it', async () => {
    const { send, sink } = await tracedApp('fastify')
      .prepared((app) => {
        const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
        fastify.register(
          async (outer) => {
            outer.get('/', async () => 'ok');
            await outer.register(
              async (inner) => void inner.get('/invoices/:id', async () => 'ok'),
              { prefix: '/billing' },
            );
          },
          { prefix: '/tenants/:tenant' },
        );
      })
      .start();
    await (await send('/tenants/acme/billing/invoices/7')).text();
    await (await send('/tenants/acme')).text();
    const lines = await sink.finishes(2);
    expect(lines.map(({ route }) => route)).toEqual([
      '/tenants/:tenant/billing/invoices/:id',
      '/tenants/:tenant',
    ]);
  });
});
