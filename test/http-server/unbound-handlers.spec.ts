import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { FastifyInstance } from 'fastify';
import { ClsMiddleware, ClsModule, ClsServiceManager, type ClsService } from 'nestjs-cls';
import { PLATFORMS, tracedApp, type TracedApp } from '../support/traced-app.js';

const cls = ClsServiceManager.getClsService();
const log = (part: string): void => new Logger('Everywhere').log(part);

/** Callbacks that a timer calls which is older than all requests. */
const queue: (() => void)[] = [];
let timer: NodeJS.Timeout;
beforeAll(() => void (timer = setInterval(() => queue.splice(0).forEach((done) => done()), 5)));
afterAll(() => clearInterval(timer));

const loseContext = (_request: unknown, _response: unknown, next: () => void): void =>
  void queue.push(next);

/** What was logged in a request, with the ids that it was logged with. */
async function logged({ send, sink }: TracedApp, path: string, init?: RequestInit) {
  sink.clear();
  const headers = { 'x-request-id': 'own', ...(init?.headers as Record<string, string>) };
  const answer = await send(path, { ...init, headers });
  await sink.finishes(1);
  const lines = sink.lines.filter(({ message }) => message !== 'Request finished');
  return {
    status: answer.status,
    lines: lines.map(({ message, request_id: id }) => `${message}: ${id}`),
  };
}

@Controller()
class HomeController {
  @Get('home')
  home(): string {
    return 'home';
  }
}

describe('behind a middleware that loses the context, what NestJS does not know of Express', () => {
  it('runs in the trace of its request: routes, routers, parameters, applications, errors', async () => {
    const router = express.Router();
    router.use(loseContext);
    router.get('/:id', (_request, response) => {
      log('route of a router');
      response.send('ok');
    });
    const mounted = express();
    mounted.use((_request, _response, next) => {
      log('middleware of an application');
      queue.push(next);
    });
    mounted.get('/', (_request, response) => {
      log('route of an application');
      response.send('ok');
    });
    const traced = await tracedApp('express')
      .of({ controllers: [HomeController] })
      .prepared((nest) => {
        nest.use(loseContext);
        nest.use('/router', router);
        nest.use('/mounted', mounted);
        const instance = nest.getHttpAdapter().getInstance() as Express;
        instance.param('item', (_request, _response, next, item, name) => {
          log(`parameter ${name} ${item}`);
          queue.push(next);
        });
        instance.get('/items/:item', loseContext as never, (_request, response) => {
          log('route');
          response.send('ok');
        });
        instance.get('/broken', (_request, _response, next) => {
          queue.push(() => next(new Error('no')));
        });
        instance.use('/broken', (e: Error, _q: Request, response: Response, _n: NextFunction) => {
          log(`error ${e.message}`);
          response.status(503).send('no');
        });
      })
      .start();
    expect(await logged(traced, '/router/7')).toEqual({
      status: 200,
      lines: ['route of a router: own'],
    });
    expect(await logged(traced, '/mounted')).toEqual({
      status: 200,
      lines: ['middleware of an application: own', 'route of an application: own'],
    });
    expect(await logged(traced, '/items/7')).toEqual({
      status: 200,
      lines: ['parameter item 7: own', 'route: own'],
    });
    expect(await logged(traced, '/broken')).toEqual({ status: 503, lines: ['error no: own'] });
  });

  it('is the function that was registered', async () => {
    const { app } = await tracedApp('express')
      .of({ controllers: [HomeController] })
      .prepared((nest) => void nest.use(loseContext))
      .start();
    const { stack } = (app.getHttpAdapter().getInstance() as Express).router;
    expect(stack.filter(({ handle }) => handle === loseContext)).toHaveLength(1);
  });
});

describe.each(PLATFORMS)(
  'a middleware that takes the last argument for `next` (%s)',
  (platform) => {
    it('gets as many arguments as the platform passes', async () => {
      const counts: number[] = [];
      const traced = await tracedApp(platform)
        .of({ controllers: [HomeController] })
        .prepared((nest) => {
          nest.use((...args: unknown[]) => {
            counts.push(args.length);
            (args.at(-1) as () => void)();
          });
        })
        .start();
      expect(await logged(traced, '/home')).toEqual({ status: 200, lines: [] });
      expect(counts).toEqual([3]);
    });
  },
);

describe.each(PLATFORMS)('values of a nestjs-cls middleware (%s)', (platform) => {
  it.each([false, true])(
    'stay behind code that loses the context: useEnterWith %s',
    async (useEnterWith) => {
      const setup = (
        cls: ClsService,
        { url, originalUrl = url }: { url: string; originalUrl?: string },
      ): void => cls.set('tenant', originalUrl.split('=')[1]);
      const traced = await tracedApp(platform)
        .of({ imports: [ClsModule.forRoot()], controllers: [HomeController] })
        .prepared((nest) => {
          nest.use(new ClsMiddleware({ useEnterWith, setup }).use);
          nest.use((_request: Request, response: Response, next: () => void) => {
            response.on('finish', () => log(`finish ${cls.get<string>('tenant')}`));
            queue.push(next);
          });
          nest.use((_request: unknown, _response: unknown, next: () => void) => {
            log(`next ${cls.get<string>('tenant')}`);
            next();
          });
        })
        .start();
      const tenants = Array.from({ length: 20 }, (_, i) => `t${i}`);
      await Promise.all(
        tenants.map((id) => traced.send(`/home?t=${id}`, { headers: { 'x-request-id': id } })),
      );
      await traced.sink.finishes(20);
      const lines = traced.sink.lines.filter(({ message }) => message !== 'Request finished');
      expect(lines.map(({ message, request_id: id }) => `${id}: ${message}`).toSorted()).toEqual(
        tenants.flatMap((id) => [`${id}: finish ${id}`, `${id}: next ${id}`]).toSorted(),
      );
    },
  );
});

it('a middleware that calls `next` again behind the answer of a route leaves the route', async () => {
  const { send, sink } = await tracedApp('express')
    .of({ controllers: [HomeController] })
    .prepared((nest) => {
      nest.use((_request: Request, response: Response, next: () => void) => {
        const { end } = response;
        response.end = function (...args: unknown[]) {
          const ended = Reflect.apply(end, this, args) as Response;
          next();
          return ended;
        };
        next();
      });
    })
    .start();
  await send('/home');
  const [line] = await sink.finishes(1);
  expect(line).toMatchObject({ route: '/home', handler: 'HomeController.home', status_code: 200 });
});

describe('behind a hook that loses the context, what NestJS does not know of Fastify', () => {
  const start = () =>
    tracedApp('fastify')
      .of({ controllers: [HomeController] })
      .prepared((nest) => {
        const instance = nest.getHttpAdapter().getInstance() as FastifyInstance;
        instance.addHook('onRequest', (...args) => {
          expect(args).toHaveLength(3);
          queue.push(args.at(-1) as () => void);
        });
        instance.addContentTypeParser('text/x', (_request, payload, done) => {
          log('parser');
          payload.resume().on('end', () => done(null, 'x'));
        });
        void instance.register(
          async (plugin) => {
            plugin.addHook('preHandler', (_request, _reply, done) => void queue.push(done));
            plugin.setErrorHandler((_error, _request, reply) => {
              log('handler of errors');
              void reply.code(503).send('no');
            });
            const preHandler = (_request: unknown, _reply: unknown, done: () => void): void => {
              log('hook');
              queue.push(done);
            };
            plugin.setNotFoundHandler({ preHandler }, (_request, reply) => {
              log('not found');
              void reply.code(404).send('no');
            });
            plugin.get('/fails', (_request, _reply) => {
              throw new Error('no');
            });
            plugin.get(
              '/fails/alone',
              {
                errorHandler: (_error, _request, reply) => {
                  log('handler of a route');
                  void reply.code(502).send('no');
                },
              },
              (_request, reply) => void queue.push(() => reply.send(new Error('no'))),
            );
            plugin.post('/body', async () => 'ok');
          },
          { prefix: '/plugin' },
        );
      })
      .start();

  it('runs in the trace of its request: parsers, handlers of errors and of unknown routes', async () => {
    const traced = await start();
    expect(await logged(traced, '/plugin/fails')).toEqual({
      status: 503,
      lines: ['handler of errors: own'],
    });
    expect(await logged(traced, '/plugin/fails/alone')).toEqual({
      status: 502,
      lines: ['handler of a route: own'],
    });
    expect(await logged(traced, '/plugin/unknown')).toEqual({
      status: 404,
      lines: ['hook: own', 'not found: own'],
    });
    const body = { method: 'POST', body: 'x', headers: { 'content-type': 'text/x' } };
    expect(await logged(traced, '/plugin/body', body)).toEqual({
      status: 200,
      lines: ['parser: own'],
    });
  });
});
