import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  Injectable,
  Logger,
  Post,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  Query,
} from '@nestjs/common';
import { ClsService } from 'nestjs-cls';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { tap, type Observable } from 'rxjs';
import { RequestId, SessionId, TraceContext, TraceId } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const logger = new Logger('Everywhere');

@Injectable()
class LoggingGuard implements CanActivate {
  canActivate(): boolean {
    logger.log('guard');
    return true;
  }
}

@Injectable()
class LoggingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    logger.log('pipe');
    return value;
  }
}

@Injectable()
class LoggingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    logger.log('interceptor, before');
    return next.handle().pipe(tap({ error: () => logger.log('interceptor, after') }));
  }
}

@Catch()
class LoggingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    logger.log('filter');
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(body: object): void } }>();
    response.status(418).send({});
  }
}

@Controller()
class EverywhereController {
  constructor(
    private readonly trace: TraceContext,
    private readonly cls: ClsService,
  ) {}

  @Get('everywhere')
  @UseGuards(LoggingGuard)
  @UsePipes(LoggingPipe)
  @UseInterceptors(LoggingInterceptor)
  @UseFilters(LoggingFilter)
  async everywhere(@Query('q') _q: string): Promise<void> {
    logger.log('handler');
    await sleep(1);
    logger.log('handler, after an await');
    setTimeout(() => logger.log('timer'), 1);
    throw new Error('for the filter');
  }

  @Get('ids')
  ids(@TraceId() traceId: string, @RequestId() requestId: string, @SessionId() sessionId: string) {
    const { trace } = this;
    return {
      params: { traceId, requestId, sessionId },
      context: { traceId: trace.traceId, requestId: trace.requestId, sessionId: trace.sessionId },
      spanId: trace.spanId,
      metadata: trace.metadata,
      elapsedMs: trace.elapsedMs,
      headers: trace.headers(),
      clsId: this.cls.getId(),
    };
  }

  @Get('fields')
  fields() {
    logger.log('before');
    this.trace.set('tenant', 'acme');
    this.cls.set('mine', 1);
    logger.log('after');
    return { tenant: this.trace.get('tenant'), mine: this.cls.get('mine') };
  }

  @Post('body')
  body(): string {
    logger.log('body');
    return 'ok';
  }
}

const start = (platform: (typeof PLATFORMS)[number]) =>
  tracedApp(platform).of({ controllers: [EverywhereController] });

describe.each(PLATFORMS)('the context on %s', (platform) => {
  it('is the same in guard, pipe, interceptor, handler, filter and timers', async () => {
    const { send, sink } = await start(platform).start();
    expect((await send('/everywhere?q=1', { headers: { 'x-request-id': 'all-1' } })).status).toBe(
      418,
    );
    await sink.finishes(1);
    const lines = sink.lines;
    expect(lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'guard',
        'pipe',
        'interceptor, before',
        'handler',
        'handler, after an await',
        'interceptor, after',
        'filter',
        'timer',
        'Request finished',
      ]),
    );
    expect(new Set(lines.map((line) => line.request_id))).toEqual(new Set(['all-1']));
    expect(new Set(lines.map((line) => line.span_id)).size).toBe(1);
  });

  it('gives parameters, TraceContext and ClsService one truth', async () => {
    const { send } = await start(platform).start();
    const response = await send('/ids?x=1', {
      headers: { 'x-request-id': 'req-1', 'x-session-id': 'ses-1' },
    });
    const body = (await response.json()) as Record<string, unknown>;
    const ids = { traceId: 'req-1', requestId: 'req-1', sessionId: 'ses-1' };
    expect(body).toMatchObject({
      params: ids,
      context: ids,
      clsId: 'req-1',
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      metadata: {
        transport: 'http',
        method: 'GET',
        path: '/ids',
      },
    });
    expect(body['headers']).toMatchObject({
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/),
      'x-request-id': 'req-1',
      'x-session-id': 'ses-1',
    });
    expect(body['elapsedMs']).toBeGreaterThan(0);
  });

  it('puts the fields of `set` on later lines only, and shares the store with its user', async () => {
    const { send, sink } = await start(platform).start();
    expect(await (await send('/fields')).json()).toEqual({ tenant: 'acme', mine: 1 });
    await sink.finishes(1);
    const [before, after, finish] = sink.lines;
    expect(before).not.toHaveProperty('tenant');
    expect(after).toHaveProperty('tenant', 'acme');
    expect(finish).toHaveProperty('tenant', 'acme');
  });

  it('reaches code that reads the body by events, and listeners of the close', async () => {
    const { url, sink } = await start(platform)
      .prepared((app) => {
        app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
          if (request.headers['content-type'] !== 'text/raw') return next();
          request.on('data', () => logger.log('data'));
          response.on('close', () => logger.log('close'));
          request.on('end', () => {
            logger.log('end');
            response.end('read');
          });
        });
      })
      .start();
    // Two on one connection: the second must not inherit the first.
    for (const id of ['raw-1', 'raw-2']) {
      const response = await fetch(`${url}/body`, {
        method: 'POST',
        body: 'x'.repeat(100_000),
        headers: { 'content-type': 'text/raw', 'x-request-id': id },
      });
      expect(await response.text()).toBe('read');
    }
    await sink.finishes(2);
    for (const id of ['raw-1', 'raw-2']) {
      const own = sink.lines.filter((line) => line.request_id === id).map(({ message }) => message);
      expect(own).toEqual(expect.arrayContaining(['data', 'end', 'close', 'Request finished']));
    }
    expect(sink.lines.every(({ request_id }) => request_id !== '-')).toBe(true);
  });

  it('keeps what its user stored behind code that reads the body by events', async () => {
    const { send, app } = await start(platform)
      .prepared((nest) => {
        const cls = nest.get(ClsService, { strict: false });
        nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
          if (request.headers['content-type'] !== 'text/raw') return next();
          cls.set('tenant', 'acme');
          request.resume().on('end', () => response.end(cls.get('tenant') ?? 'lost'));
        });
      })
      .start();
    expect(app).toBeDefined();
    const init = { method: 'POST', body: 'x', headers: { 'content-type': 'text/raw' } };
    expect(await (await send('/body', init)).text()).toBe('acme');
  });

  it('reaches the handler of a parsed body', async () => {
    const { send, sink } = await start(platform).start();
    await send('/body', {
      method: 'POST',
      body: JSON.stringify({ a: 'x'.repeat(50_000) }),
      headers: { 'content-type': 'application/json', 'x-request-id': 'json-1' },
    });
    await sink.finishes(1);
    expect(sink.lines.map(({ request_id }) => request_id)).toEqual(['json-1', 'json-1']);
  });

  it('does not leak into what begins after the request', async () => {
    const { send, app, sink } = await start(platform).start();
    await (await send('/ids')).text();
    await sink.finishes(1);
    const trace = app.get(TraceContext);
    expect(trace.traceId).toBeUndefined();
    expect(trace.headers()).toEqual({});
    expect(() => trace.set('a', 1)).not.toThrow();
  });
});
