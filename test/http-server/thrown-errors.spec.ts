import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Module,
  NotFoundException,
  Post,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { concat, of, throwError, type Observable } from 'rxjs';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';

class DomainError extends Error {
  override name = 'DomainError';
}
class OtherError extends Error {
  override name = 'OtherError';
}
class NeverCaught extends Error {
  override name = 'NeverCaught';
}

const domainError = (): DomainError =>
  new DomainError('order 17 is there', { cause: new Error('unique_violation') });

function answer(host: ArgumentsHost, status: number, body: object): void {
  const response = host.switchToHttp().getResponse<{
    status?(code: number): { send(body: object): void };
    statusCode: number;
    end(text: string): void;
  }>();
  if (response.status !== undefined) {
    response.status(status).send(body);
    return;
  }
  // Middleware of Fastify has Node's own response.
  response.statusCode = status;
  response.end(JSON.stringify(body));
}

@Catch(DomainError)
class DomainFilter implements ExceptionFilter {
  catch(_error: DomainError, host: ArgumentsHost): void {
    answer(host, 409, { by: 'domain filter' });
  }
}
@Catch(OtherError)
class FailingFilter implements ExceptionFilter {
  catch(): void {
    throw new TypeError('the filter is broken');
  }
}
@Catch()
class ServiceFilter extends BaseExceptionFilter {
  override catch(_error: unknown, host: ArgumentsHost): void {
    // oxlint-disable-next-line promise/valid-params -- not of a promise
    super.catch(new HttpException('unavailable', 503), host);
  }
}

class ThrowingGuard implements CanActivate {
  canActivate(): boolean {
    throw domainError();
  }
}
class ThrowingInterceptor implements NestInterceptor {
  intercept(): Observable<unknown> {
    return throwError(() => domainError());
  }
}
const pipe = {
  transform(): never {
    throw new BadRequestException(['name must be a text', 'age must be a number']);
  },
};

@Controller()
class Orders {
  @Get('handler')
  async handler(): Promise<void> {
    await Promise.resolve();
    throw domainError();
  }
  @Get('guard')
  @UseGuards(ThrowingGuard)
  guard(): string {
    return '';
  }
  @Get('interceptor')
  @UseInterceptors(ThrowingInterceptor)
  interceptor(): string {
    return '';
  }
  @Get('observable')
  observable(): Observable<unknown> {
    return concat(
      of(1),
      throwError(() => domainError()),
    );
  }
  @Post('pipe')
  pipe(@Body(pipe) body: unknown): unknown {
    return body;
  }
  @Get('own-404')
  notFound(): void {
    throw new NotFoundException('no such order', { cause: new Error('no row') });
  }
  @Get('own-status')
  ownStatus(@Res() response: { status(code: number): { send(text: string): void } }): void {
    response.status(422).send('no');
  }
  @Get('caught')
  caught(): string {
    try {
      throw domainError();
    } catch {
      return 'fine';
    }
  }
  @Get('broken-filter')
  @UseFilters(FailingFilter)
  brokenFilter(): void {
    throw new OtherError('first');
  }
  @Get('mapped')
  @UseFilters(ServiceFilter)
  mapped(): void {
    throw domainError();
  }
  @Get('thrown/text')
  text(): void {
    throw 'just a text';
  }
  @Get('thrown/null')
  nothing(): void {
    throw null;
  }
  @Get('thrown/undefined')
  undefined(): void {
    throw undefined;
  }
  @Get('thrown/object')
  object(): void {
    throw { code: 'E_X', message: 'an object', password: 'CANARY-password' };
  }
  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(createReadStream('/no/such/file'));
  }
  @Get('half-file')
  halfFile(): StreamableFile {
    const stream = new Readable({ read() {} });
    stream.push('half');
    setTimeout(() => stream.destroy(new NeverCaught('the disk is gone')), 30);
    return new StreamableFile(stream);
  }
  @Sse('events')
  events(): Observable<{ data: string }> {
    return concat(
      of({ data: 'one' }),
      new Promise<never>((_resolve, reject) =>
        setTimeout(() => reject(new NeverCaught('no more events')), 30),
      ),
    );
  }
  @Get('ok')
  ok(): string {
    return 'ok';
  }
}

@Module({ providers: [{ provide: APP_FILTER, useClass: DomainFilter }] })
class FilterModule {
  configure(consumer: MiddlewareConsumer): void {
    const throwing = (): void => {
      throw domainError();
    };
    const rejecting = (): Promise<void> => Promise.reject(domainError());
    const passing = (_request: unknown, _response: unknown, next: (e?: unknown) => void): void =>
      next(domainError());
    consumer.apply(throwing).forRoutes('middleware/sync');
    consumer.apply(rejecting).forRoutes('middleware/async');
    consumer.apply(passing).forRoutes('middleware/next');
  }
}
@Controller('middleware')
class MiddlewareRoutes {
  @Get(':name')
  any(): string {
    return '';
  }
}

const controllers = [Orders, MiddlewareRoutes];
const DOMAIN = {
  name: 'DomainError',
  message: 'order 17 is there',
  stack: expect.stringContaining('thrown-errors.spec'),
  cause: expect.objectContaining({ name: 'Error', message: 'unique_violation' }),
};

async function lineOf(
  platform: Platform,
  path: string,
  init?: RequestInit,
  options = {},
): Promise<Record<string, unknown>> {
  const running = await tracedApp(platform)
    .with(options)
    .of({ controllers, imports: [FilterModule] })
    .start();
  const response = await running.send(path, init).catch(() => undefined);
  await response?.text().catch(() => undefined);
  return (await running.sink.finishes(1))[0] as Record<string, unknown>;
}

describe.each(PLATFORMS)('what was thrown in a request on %s', (platform) => {
  it.each([
    ['/handler', 409],
    ['/guard', 409],
    ['/interceptor', 409],
    ['/observable', 409],
    ['/middleware/sync', 409],
    ['/middleware/async', 409],
    ['/middleware/next', 409],
    ['/mapped', 503],
  ])('is on its line, whatever a filter makes of it: %s', async (path, status) => {
    const line = await lineOf(platform, path);
    expect(line).toMatchObject({
      status_code: status,
      error: DOMAIN,
      error_id: expect.stringMatching(/^[\da-f]{12}$/),
    });
  });

  it.each([
    ['/own-404', 404, { name: 'NotFoundException', message: 'no such order' }],
    [
      '/pipe',
      400,
      { name: 'BadRequestException', message: 'name must be a text; age must be a number' },
    ],
  ])('has the reason and no stack if it refuses the request: %s', async (path, status, error) => {
    const line = await lineOf(platform, path, { method: path === '/pipe' ? 'POST' : 'GET' });
    expect(line).toMatchObject({ status_code: status, level: 'warn', error });
    expect(line['error']).not.toHaveProperty('stack');
  });

  it('has the cause of a refusal, with its stack', async () => {
    const { error } = await lineOf(platform, '/own-404');
    expect(error).toMatchObject({
      cause: { message: 'no row', stack: expect.stringContaining('thrown-errors.spec') },
    });
  });

  it.each(['/nowhere', '/own-status', '/caught', '/ok'])('is nothing for %s', async (path) => {
    const line = await lineOf(platform, `${path}?page=3`);
    for (const field of ['error', 'error_id', 'query', 'user_agent', 'steps']) {
      expect(line).not.toHaveProperty(field);
    }
  });

  it('is what a filter throws, with what that has handled as its cause', async () => {
    const line = await lineOf(platform, '/broken-filter');
    expect(line).toMatchObject({
      status_code: 500,
      error: {
        name: 'TypeError',
        message: 'the filter is broken',
        cause: { name: 'OtherError', message: 'first' },
      },
    });
  });

  it.each([
    ['text', { name: 'string', message: 'just a text' }],
    ['null', { name: 'null', message: 'null' }],
    ['undefined', { name: 'undefined', message: 'undefined' }],
    ['object', { name: 'Object', message: 'an object', code: 'E_X' }],
  ])('may be no error: %s', async (what, error) => {
    const line = await lineOf(platform, `/thrown/${what}`);
    expect(line).toMatchObject({ outcome: 'errored', error });
    expect(JSON.stringify(line)).not.toContain('CANARY');
  });

  it('is the error of a body that cannot be parsed', async () => {
    const line = await lineOf(platform, '/pipe', {
      method: 'POST',
      body: '{"a":',
      headers: { 'content-type': 'application/json' },
    });
    expect(line).toMatchObject({
      status_code: 400,
      error: { message: expect.stringMatching(/JSON/) },
    });
  });

  it('is the error of a body that is too large', async () => {
    const line = await lineOf(platform, '/pipe', {
      method: 'POST',
      body: JSON.stringify('x'.repeat(2_000_000)),
      headers: { 'content-type': 'application/json' },
    });
    expect(line).toMatchObject({
      status_code: 413,
      error: { message: expect.stringMatching(/too large/) },
    });
  });

  it('is the error of a file that cannot be opened', async () => {
    const line = await lineOf(platform, '/file');
    expect(line).toMatchObject({ error: { code: 'ENOENT' } });
  });

  it('is the error of a file that breaks off', async () => {
    const line = await lineOf(platform, '/half-file');
    expect(line).toMatchObject({
      outcome: 'errored',
      error: { name: 'NeverCaught', message: 'the disk is gone' },
    });
  });

  it('is the error of a stream of events', async () => {
    const line = await lineOf(platform, '/events', undefined, { interceptor: false });
    expect(line).toMatchObject({
      status_code: 200,
      outcome: 'errored',
      error: { name: 'NeverCaught', message: 'no more events' },
    });
  });

  it('comes with the query and the user agent, and explainFrom says from which status', async () => {
    const init = { headers: { 'user-agent': 'shop/4' } };
    const path = '/handler?page=3&mail=ann@shop.example';
    expect(await lineOf(platform, path, init)).toMatchObject({
      query: { page: '3', mail: '[masked]' },
      user_agent: 'shop/4',
    });
    const late = await lineOf(platform, path, init, { accessLog: { explainFrom: 500 } });
    expect(late).not.toHaveProperty('error');
    expect(late).not.toHaveProperty('query');
    const without = await lineOf(platform, path, init, { accessLog: { request: false } });
    expect(without).toMatchObject({ error: DOMAIN });
    expect(without).not.toHaveProperty('query');
    expect(without).not.toHaveProperty('user_agent');
  });

  it('has the same error id for one place, and another for another', async () => {
    const first = await lineOf(platform, '/handler');
    const again = await lineOf(platform, '/handler?x=1');
    const other = await lineOf(platform, '/guard');
    expect(again['error_id']).toBe(first['error_id']);
    expect(other['error_id']).not.toBe(first['error_id']);
  });
});

@Injectable()
class Deep {
  a(): void {
    this.b();
  }
  b(): void {
    this.c();
  }
  c(): void {
    this.d();
  }
  d(): void {
    this.e();
  }
  e(): void {
    this.f();
  }
  f(): void {
    this.g();
  }
  g(): void {
    this.h();
  }
  h(): void {
    throw new Error('deep');
  }
}
@Controller()
class DeepController {
  constructor(private readonly deep: Deep) {}
  @Get('deep')
  get(): void {
    this.deep.a();
  }
  @Get('limit')
  limit(): string {
    return String(Error.stackTraceLimit);
  }
}

describe.each(PLATFORMS)('a stack on %s', (platform) => {
  it('has all frames of traced methods, and none of this library', async () => {
    const limit = Error.stackTraceLimit;
    const { send, sink } = await tracedApp(platform)
      .with({ spans: { auto: true } })
      .of({ controllers: [DeepController], providers: [Deep] })
      .start();
    await send('/deep');
    const line = (await sink.finishes(1))[0] as unknown as { error: { stack: string } };
    const { stack } = line.error;
    // The handler, the eight methods and nothing else of this file; the test runner renames them.
    expect(stack.match(/thrown-errors\.spec/g)).toHaveLength(9);
    expect(stack).not.toMatch(/\/src\/(?:spans|context|access-log|http-server)\//);
    expect(stack).not.toContain('AsyncLocalStorage');
    expect(Error.stackTraceLimit).toBe(limit);
  });
});

describe('filters of the application', () => {
  it('are called as they are without this library', async () => {
    const prepare = (app: INestApplication): void => {
      app.useGlobalFilters({
        catch: (_error: unknown, host: ArgumentsHost) => answer(host, 418, { by: 'global filter' }),
      });
    };
    const answers = async (of: (path: string) => Promise<Response>): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const path of ['/handler', '/mapped', '/own-404', '/thrown/text', '/nowhere']) {
        const response = await of(path);
        found.push([response.status, await response.text()]);
      }
      return found;
    };
    const metadata = { controllers, imports: [FilterModule] };
    const traced = await tracedApp('express').of(metadata).prepared(prepare).start();
    const plain = await tracedApp('express').importing().of(metadata).create();
    prepare(plain);
    await plain.listen(0, '127.0.0.1');
    try {
      const { port } = plain.getHttpServer().address() as { port: number };
      const seen = await answers(traced.send);
      expect(seen).toEqual(await answers((path) => fetch(`http://127.0.0.1:${port}${path}`)));
    } finally {
      await plain.close();
    }
  });
});
