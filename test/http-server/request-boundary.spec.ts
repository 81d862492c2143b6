import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  createParamDecorator,
  Get,
  Injectable,
  Logger,
  NotFoundException,
  Param,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type ExceptionFilter,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestMiddleware,
  type PipeTransform,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { FastifyInstance } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { tap, type Observable } from 'rxjs';
import { TraceContext, TracingLogger, TracingModule } from '../../src/index.js';
import { LineSink } from '../support/line-sink.js';
import { PLATFORMS, adapterOf, sinkLogger, tracedApp } from '../support/traced-app.js';

const logger = new Logger('Everywhere');
const log = (part: string): void => logger.log(part);

/** Callbacks that other code calls: a timer that is older than all requests, or another request. */
class CallbackQueue {
  private readonly callbacks: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  readonly push = (callback: () => void): void => void this.callbacks.push(callback);
  readonly drain = (): void => this.callbacks.splice(0).forEach((callback) => callback());

  start(): void {
    this.timer = setInterval(this.drain, 5);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

const Part = createParamDecorator(() => {
  log('parameter');
  return 'part';
});

@Injectable()
class Parts implements CanActivate, NestInterceptor, PipeTransform {
  canActivate(): boolean {
    log('guard');
    return true;
  }

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    log('interceptor');
    return next.handle().pipe(tap({ error: () => log('interceptor, after') }));
  }

  transform(value: unknown): unknown {
    log('pipe');
    return value;
  }
}

@Catch()
class LoggingFilter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    log('filter');
    const response = host.switchToHttp().getResponse<{
      status(code: number): { send(body: string): void };
    }>();
    response.status(error instanceof NotFoundException ? 404 : 503).send('no');
  }
}

@Injectable()
class LoggingMiddleware implements NestMiddleware {
  use(_request: unknown, _response: unknown, next: () => void): void {
    log('middleware');
    next();
  }
}

@Controller('parts')
@UseGuards(Parts)
@UseInterceptors(Parts)
@UsePipes(Parts)
class PartsController {
  constructor(private readonly trace: TraceContext) {}

  @Get(':id')
  async fail(@Param('id') id: string, @Part() _part: string): Promise<never> {
    this.trace.set('part', id);
    log('handler');
    await sleep(1);
    throw new Error('no');
  }
}

const queue = new CallbackQueue();
beforeAll(() => queue.start());
afterAll(() => queue.stop());

const loseContext = (_request: unknown, _response: unknown, next: () => void): void =>
  queue.push(next);

const EVERYWHERE = [
  'middleware',
  'guard',
  'interceptor',
  'pipe',
  'parameter',
  'handler',
  'interceptor, after',
  'filter',
];

describe.each(PLATFORMS)('behind a middleware that loses the context (%s)', (platform) => {
  it('all parts of NestJS run in the trace of their request', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [PartsController], providers: [Parts] })
      .prepared((app) => {
        app.use(loseContext);
        app.use((_request: unknown, _response: unknown, next: () => void) => {
          log('middleware');
          next();
        });
        app.useGlobalFilters(new LoggingFilter());
      })
      .start();
    const ids = Array.from({ length: 30 }, (_, i) => `request-${i}`);
    await Promise.all(ids.map((id) => send(`/parts/${id}`, { headers: { 'x-request-id': id } })));
    const finished = await sink.finishes(30);
    expect(finished.map((line) => `${line.request_id} ${String(line['part'])}`).toSorted()).toEqual(
      ids.map((id) => `${id} ${id}`).toSorted(),
    );
    for (const id of ids) {
      const own = sink.lines.filter((line) => line.request_id === id);
      const parts = own.map(({ message }) => message).filter((text) => EVERYWHERE.includes(text));
      expect(new Set(parts)).toEqual(new Set(EVERYWHERE));
    }
  });

  it('a route that does not exist is answered in its trace', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [PartsController] })
      .prepared((app) => {
        app.use(loseContext);
        app.useGlobalFilters(new LoggingFilter());
      })
      .start();
    await send('/nowhere', { headers: { 'x-request-id': 'lost' } });
    expect(await sink.finishes(1)).toMatchObject([{ request_id: 'lost', status_code: 404 }]);
    expect(sink.linesOf('filter')).toMatchObject([{ request_id: 'lost' }]);
  });

  it('class middleware is in the trace, with and without a path', async () => {
    class ConfiguredModule {
      configure(consumer: MiddlewareConsumer): void {
        consumer
          .apply(loseContext, LoggingMiddleware)
          .forRoutes('parts/*path', { path: 'other', method: 0 });
      }
    }
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [PartsController], imports: [ConfiguredModule] })
      .start();
    await send('/parts/1', { headers: { 'x-request-id': 'classy' } });
    await sink.finishes(1);
    expect(sink.linesOf('middleware')).toMatchObject([{ request_id: 'classy' }]);
    expect(sink.linesOf('handler')).toMatchObject([{ request_id: 'classy' }]);
  });

  it('an error that it passes on is handled in the trace', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [PartsController] })
      .prepared((app) => {
        app.use((_request: unknown, _response: unknown, next: (error: Error) => void) =>
          queue.push(() => next(new Error('no session'))),
        );
        app.useGlobalFilters(new LoggingFilter());
      })
      .start();
    await send('/parts/1', { headers: { 'x-request-id': 'refused' } });
    expect(await sink.finishes(1)).toMatchObject([{ request_id: 'refused' }]);
    expect(sink.linesOf('filter')).toMatchObject([{ request_id: 'refused' }]);
  });

  it('an application of the testing module is traced likewise', async () => {
    const sink = new LineSink();
    const testing = await Test.createTestingModule({
      imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
      controllers: [PartsController],
    }).compile();
    const app: INestApplication = testing.createNestApplication(adapterOf(platform));
    app.useLogger(app.get(TracingLogger));
    app.use(loseContext);
    app.use((_request: unknown, _response: unknown, next: () => void) => {
      log('middleware');
      next();
    });
    await app.listen(0, '127.0.0.1');
    await fetch(`${await app.getUrl()}/parts/1`, { headers: { 'x-request-id': 'tested' } });
    await sink.finishes(1);
    await app.close();
    expect(sink.linesOf('middleware')).toMatchObject([{ request_id: 'tested' }]);
    expect(sink.linesOf('handler')).toMatchObject([{ request_id: 'tested' }]);
  });
});

describe.each(PLATFORMS)('a request whose `next` is called by another one (%s)', (platform) => {
  it('has its own ids, fields and nestjs-cls values', async () => {
    const waiting: (() => void)[] = [];
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [PartsController] })
      .prepared((app) => {
        app.use((request: Request, _response: Response, next: () => void) => {
          if (request.originalUrl.endsWith('early')) {
            waiting.push(next);
          } else {
            waiting.splice(0).forEach((callback) => callback());
            next();
          }
        });
      })
      .start();
    const call = (id: string) => send(`/parts/${id}`, { headers: { 'x-request-id': id } });
    const early = call('early');
    while (waiting.length === 0) await sleep(5);
    await Promise.all([call('late'), early]);
    const finished = await sink.finishes(2);
    expect(finished.map((line) => `${line.request_id} ${String(line['part'])}`).toSorted()).toEqual(
      ['early early', 'late late'],
    );
    const handlers = sink
      .linesOf('handler')
      .map(({ request_id: id, ...line }) => `${id} ${String(line['part'])}`);
    expect(handlers.toSorted()).toEqual(['early early', 'late late']);
  });
});

describe('what is registered on Express', () => {
  it('keeps its name, its parameters and its own members', async () => {
    const router = express.Router();
    router.get('/plain', (_request, response) => void response.send('plain'));
    function named(_request: Request, _response: Response, next: NextFunction): void {
      next();
    }
    function failing(_e: Error, _request: Request, response: Response, _next: NextFunction): void {
      log('error');
      response.status(500).send('failed');
    }
    const mounted = express();
    mounted.get('/app', (_request, response) => void response.send(mounted.mountpath));
    const { app, send, sink } = await tracedApp('express')
      .of({ controllers: [PartsController] })
      .prepared((nest) => {
        nest.use(named);
        nest.use(loseContext, [named]);
        nest.use('/router', router);
        nest.use('/mounted', mounted);
        nest.use('/broken', () => {
          throw new Error('no');
        });
        nest.use(failing);
      })
      .start();
    const { stack } = (app.getHttpAdapter().getInstance() as Express).router;
    const names = stack.map(({ handle }) => handle.name);
    expect(names.filter((name) => name === 'named')).toHaveLength(2);
    expect(stack.find(({ handle }) => handle.name === 'failing')?.handle).toHaveLength(4);
    expect(await (await send('/router/plain')).text()).toBe('plain');
    expect(await (await send('/mounted/app')).text()).toBe('/mounted');
    sink.clear();
    expect((await send('/broken', { headers: { 'x-request-id': 'broken' } })).status).toBe(500);
    await sink.finishes(1);
    expect(sink.linesOf('error')).toMatchObject([{ request_id: 'broken' }]);
  });
});

describe('hooks of Fastify', () => {
  const start = (addHooks: (instance: FastifyInstance) => void) =>
    tracedApp('fastify')
      .of({ controllers: [PartsController] })
      .prepared((app) => addHooks(app.getHttpAdapter().getInstance() as FastifyInstance))
      .start();

  it('run in the trace behind one that loses the context, also in plugins and routes', async () => {
    const { send, sink } = await start((instance) => {
      instance.addHook('onRequest', (_request, _reply, done) => queue.push(done));
      instance.addHook('onRequest', async () => log('onRequest'));
      instance.addHook('preParsing', (_request, _reply, payload, done) => {
        log('preParsing');
        queue.push(() => done(null, payload));
      });
      instance.addHook('preValidation', async () => log('preValidation'));
      instance.addHook('onSend', (_request, _reply, payload, done) => {
        log('onSend');
        queue.push(() => done(null, payload));
      });
      instance.addHook('onResponse', async () => log('onResponse'));
      void instance.register(async (plugin) => {
        plugin.addHook('preHandler', async () => log('preHandler of the plugin'));
        const preHandler = async (): Promise<void> => log('preHandler of the route');
        plugin.get('/plugin', { preHandler }, async () => {
          log('handler of the plugin');
          return 'ok';
        });
      });
    });
    await send('/plugin', { headers: { 'x-request-id': 'hooked' } });
    await sink.finishes(1);
    const lines = sink.lines.filter(({ message }) => message !== 'Request finished');
    expect(lines.map(({ message, request_id: id }) => [message, id])).toEqual(
      [
        'onRequest',
        'preParsing',
        'preValidation',
        'preHandler of the plugin',
        'preHandler of the route',
        'handler of the plugin',
        'onSend',
        'onResponse',
      ].map((message) => [message, 'hooked']),
    );
  });

  it('that a socket starts run in the trace: onTimeout and onRequestAbort', async () => {
    const { send, sink, app } = await start((instance) => {
      instance.addHook('onTimeout', async () => log('onTimeout'));
      instance.addHook('onRequestAbort', async (_request) => log('onRequestAbort'));
      instance.get('/slow', async () => sleep(400));
    });
    app.getHttpServer().setTimeout(60);
    await send('/slow', { headers: { 'x-request-id': 'timed-out' } }).catch(() => {});
    app.getHttpServer().setTimeout(0);
    const signal = AbortSignal.timeout(60);
    await send('/slow', { headers: { 'x-request-id': 'gone' }, signal }).catch(() => {});
    await sink.finishes(2);
    expect(sink.linesOf('onTimeout')).toMatchObject([{ request_id: 'timed-out' }]);
    expect(sink.linesOf('onRequestAbort').map((line) => line.request_id)).toContain('gone');
  });
});
