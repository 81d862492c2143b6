import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Logger,
  Module,
  Param,
  Post,
  UseGuards,
  type CanActivate,
  type INestApplication,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TraceContext, traceJson, TraceId, TracingLogger, TracingModule } from 'nestjs-tracing';
import { Writable } from 'node:stream';
import { createLogger, transports } from 'winston';

const lines: Record<string, unknown>[] = [];
const logger = createLogger({
  format: traceJson({ service: 'jest-nest11' }),
  transports: new transports.Stream({
    stream: new Writable({
      write(chunk, _encoding, next) {
        lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
        next();
      },
    }),
  }),
});

@Injectable()
class Refusing implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException();
  }
}

@Controller('hello')
class HelloController {
  private readonly logger = new Logger(HelloController.name);

  constructor(private readonly trace: TraceContext) {}

  @Get('refused/:id')
  @UseGuards(Refusing)
  refused(): void {}

  @Get(':id')
  hello(@Param('id') id: string, @TraceId() traceId: string): object {
    this.logger.log('hello', { id });
    return { traceId, requestId: this.trace.requestId };
  }

  @Post()
  post(@Body() body: object): object {
    this.logger.error('bad', new Error('boom'));
    return body;
  }
}

@Module({ imports: [TracingModule.forRoot({ logger })], controllers: [HelloController] })
class AppModule {}

const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});

const adapters = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() };

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])('NestJS 11 on %s', (name) => {
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication(adapters[name]() as ExpressAdapter, { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    lines.length = 0;
  });

  afterEach(() => app.close());

  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + path, {
      ...init,
      headers: { connection: 'close', 'x-request-id': 'req-001', ...init.headers },
    });

  const finished = async (): Promise<Record<string, unknown>> => {
    while (!lines.some(({ message }) => message === 'Request finished')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return lines.at(-1)!;
  };

  it('traces a request', async () => {
    const response = await send('/hello/7');
    expect(await response.json()).toEqual({ traceId: 'req-001', requestId: 'req-001' });
    expect(response.headers.get('x-request-id')).toBe('req-001');
    expect(await finished()).toMatchObject({
      request_id: 'req-001',
      route: '/hello/:id',
      handler: 'HelloController.hello',
      status_code: 200,
      handler_ms: expect.any(Number),
    });
    expect(lines[0]).toMatchObject({ message: 'hello', request_id: 'req-001', id: '7' });
  });

  it('names the handler that a guard refused', async () => {
    expect((await send('/hello/refused/7')).status).toBe(403);
    expect(await finished()).toMatchObject({
      route: '/hello/refused/:id',
      handler: 'HelloController.refused',
      status_code: 403,
    });
  });

  it('keeps the trace behind the body parser', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    expect((await send('/hello', init)).status).toBe(201);
    expect(await finished()).toMatchObject({ request_id: 'req-001' });
    expect(lines[0]).toMatchObject({
      message: 'bad',
      context: 'HelloController',
      request_id: 'req-001',
      error: { name: 'Error', message: 'boom', stack: expect.stringContaining('boom') },
    });
  });

  it('ends a request outside every route', async () => {
    expect((await send('/nowhere')).status).toBe(404);
    expect(await finished()).toMatchObject({ status_code: 404, path: '/nowhere' });
  });
});

it('has warned of nothing', () => {
  expect(warn.mock.calls).toEqual([]);
});
