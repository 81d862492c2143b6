import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import express, { Router, type Express, type NextFunction } from 'express';
import type { FastifyInstance } from 'fastify';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

@Controller('orders')
class OrdersController {
  @Get()
  list(): string {
    return 'orders';
  }

  @Get(':id')
  get(): string {
    return 'order';
  }
}

@Module({ controllers: [OrdersController] })
class OrdersModule {}

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(listener: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answer = (_request: unknown, response: ServerResponse): void => void response.end('ok');

/** A router with a route, a nested router with a parameter, and one that passes requests on. */
function invoices(): Router {
  const router = Router({ mergeParams: true });
  router.get('/', answer);
  router.get('/invoices/:id', answer);
  router.get('/passed/:id', (_request, _response, next) => next());
  router.use('/lines/:line', Router().get('/notes', answer));
  return router;
}

describe('the route of a router that is mounted on Express', () => {
  it.each([
    ['/tenants/acme/invoices/7', '/tenants/:tenant/invoices/:id'],
    ['/tenants/acme/lines/3/notes', '/tenants/:tenant/lines/:line/notes'],
    ['/tenants/acme', '/tenants/:tenant'],
    ['/tenants/a%20b/invoices/7?tenant=acme', '/tenants/:tenant/invoices/:id'],
    ['/billing/invoices/7', '/billing/invoices/:id'],
    ['/BILLING/invoices/7', '/billing/invoices/:id'],
    ['/second/invoices/7', '/second/invoices/:id'],
    ['/optional/north/invoices/7', '/optional{/:part}/invoices/:id'],
    ['/shop-17/invoices/7', undefined],
    ['/invoices/7', '/invoices/:id'],
    ['/wrapped/invoices/7', undefined],
    ['/app/acme/deep/9', '/app/:tenant/deep/:id'],
    ['/app/acme/inner/x/deep/9', '/app/:tenant/inner/:part/deep/:id'],
    ['/orders/7', '/orders/:id'],
    ['/late/acme/invoices/7', '/late/:tenant/invoices/:id'],
  ])('of %s is %s', async (path, route) => {
    const inner = express().get('/deep/:id', answer);
    const mounted = express().get('/deep/:id', answer).use('/inner/:part', inner);
    const { app, send, sink } = await tracedApp('express')
      .of({ controllers: [OrdersController] })
      .prepared((nest) => {
        nest.use('/tenants/:tenant', invoices());
        nest.use('/billing', invoices());
        nest.use(['/first', '/second'], invoices());
        nest.use('/optional{/:part}', invoices());
        nest.use(/^\/shop-\d+/, invoices());
        nest.use(invoices());
        const router = invoices();
        nest.use('/wrapped', (request: never, response: never, next: NextFunction) =>
          router(request, response, next),
        );
        nest.use('/app/:tenant', mounted);
      })
      .start();
    // Mounted when the application runs already: behind the request hook.
    const { router } = app.getHttpAdapter().getInstance() as Express;
    router.use('/late/:tenant', invoices());
    router.stack.splice(1, 0, router.stack.pop()!);
    expect(await (await send(path)).text()).toMatch(/^ok$|^order/);
    const [line] = await sink.finishes(1);
    expect(line!['route']).toBe(route);
    expect(line!.path).toBe(path.split('?')[0]);
  });

  it('is none where the router has passed the request on', async () => {
    const { send, sink } = await tracedApp('express')
      .prepared((nest) => {
        nest.use('/tenants/:tenant', invoices());
        nest.use('/tenants', answer);
      })
      .start();
    await (await send('/tenants/acme/passed/7')).text();
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ path: '/tenants/acme/passed/7', status_code: 200 });
    expect(line).not.toHaveProperty('route');
  });

  it('is that of a router which a function calls', async () => {
    const router = invoices();
    const { send, sink } = await tracedApp('express')
      .prepared((nest) => {
        nest.use((request: never, response: never, next: NextFunction) =>
          router(request, response, next),
        );
      })
      .start();
    await (await send('/invoices/7')).text();
    expect((await sink.finishes(1))[0]!['route']).toBe('/invoices/:id');
  });
});

describe.each([
  ['/outlet', '/outlet/orders/7', '/outlet/orders/:id'],
  ['/outlets/:outlet', '/outlets/north/orders/7', '/outlets/:outlet/orders/:id'],
  [/^\/outlet-\w+/, '/outlet-north/orders/7', undefined],
])('a NestJS application that is mounted at %s', (mount, path, route) => {
  it('logs the path that the client asked for, and its handler', async () => {
    const { app, sink } = await tracedApp('express')
      .of({ controllers: [OrdersController] })
      .start();
    const outer = express();
    outer.use(mount, app.getHttpAdapter().getInstance() as Express);
    const url = await listen(outer);
    await (await fetch(`${url}${path}?session_id=s-1`)).text();
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ path, handler: 'OrdersController.get', session_id: 's-1' });
    expect(line!['route']).toBe(route);
  });
});

it('a NestJS application that a function of another one calls has a path and no route', async () => {
  const { app, sink } = await tracedApp('express')
    .of({ controllers: [OrdersController] })
    .start();
  const inner = app.getHttpAdapter().getInstance() as Express;
  const outer = express();
  outer.use('/outlets/:outlet', (request, response) => inner(request, response));
  const url = await listen(outer);
  await (await fetch(`${url}/outlets/north/orders/7`)).text();
  const [line] = await sink.finishes(1);
  expect(line).toMatchObject({ path: '/outlets/north/orders/7', handler: 'OrdersController.get' });
  expect(line).not.toHaveProperty('route');
});

it('what a middleware makes of the URL is not the path', async () => {
  const { app, sink } = await tracedApp('express')
    .of({ controllers: [OrdersController] })
    .prepared((nest) => {
      nest.use((request: IncomingMessage, _response: unknown, next: () => void) => {
        request.url = request.url!.replace('/inner/', '/');
        next();
      });
    })
    .start();
  const outer = express();
  outer.use((request, _response, next) => {
    request.url = request.url.replace('/v1/', '/inner/');
    next();
  });
  outer.use(app.getHttpAdapter().getInstance() as Express);
  const url = await listen(outer);
  expect(await (await fetch(`${url}/v1/orders/7`)).text()).toBe('order');
  const [line] = await sink.finishes(1);
  expect(line).toMatchObject({ path: '/v1/orders/7', route: '/orders/:id' });
});

describe.each(PLATFORMS)('prefixes on %s', (platform) => {
  it('of a module, of the application and of a version are in the route', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({
        imports: [
          OrdersModule,
          RouterModule.register([{ path: 'tenants/:tenant', module: OrdersModule }]),
        ],
      })
      .prepared(
        (nest) =>
          void nest.setGlobalPrefix('api').enableVersioning({ type: 0, defaultVersion: '1' }),
      )
      .start();
    expect(await (await send('/api/v1/tenants/acme/orders/7')).text()).toBe('order');
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({
      path: '/api/v1/tenants/acme/orders/7',
      route: '/api/v1/tenants/:tenant/orders/:id',
    });
  });
});

it('the prefix of a Fastify plugin is in the route', async () => {
  const { send, sink } = await tracedApp('fastify')
    .prepared(async (nest) => {
      const server = nest.getHttpAdapter().getInstance() as unknown as FastifyInstance;
      await server.register(
        (plugin, _options, done) => {
          plugin.get('/invoices/:id', () => 'ok');
          done();
        },
        { prefix: '/tenants/:tenant' },
      );
    })
    .start();
  expect(await (await send('/tenants/acme/invoices/7')).text()).toBe('ok');
  const [line] = await sink.finishes(1);
  expect(line!['route']).toBe('/tenants/:tenant/invoices/:id');
});
