import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { ClsModule } from 'nestjs-cls';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  TraceContext,
  TracingLogger,
  TracingModule,
  type TracingModuleOptions,
} from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { PLATFORMS, sinkLogger, tracedApp } from '../support/traced-app.js';

@Controller()
class HelloController {
  private readonly logger = new Logger('Hello');

  constructor(private readonly trace: TraceContext) {}

  @Get('hello')
  hello(): string {
    this.logger.log('hello');
    return this.trace.requestId ?? 'none';
  }
}

const hello = { controllers: [HelloController] };

const asyncOptions = (): TracingModuleOptions => ({
  logger: sinkLogger(new LineSink()),
  requestId: { header: 'X-From-Options' },
});

@Injectable()
class OptionsFactory {
  createTracingOptions(): TracingModuleOptions {
    return asyncOptions();
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsModule {}

describe.each(PLATFORMS)('the module on %s', (platform) => {
  it('changes nothing when it is imported twice', async () => {
    const sink = new LineSink();
    const options = { logger: sinkLogger(sink) };
    @Module({ imports: [TracingModule.forRoot()] })
    class FeatureModule {}
    const { send } = await tracedApp(platform, sink)
      .importing(FeatureModule, TracingModule.forRoot(options), TracingModule.forRoot(options))
      .of(hello)
      .start();
    expect(await (await send('/hello', { headers: { 'x-request-id': 'r-1' } })).text()).toBe('r-1');
    const lines = await sink.finishes(1).then(() => sink.lines);
    expect(lines.map(({ message, request_id }) => [message, request_id])).toEqual([
      ['hello', 'r-1'],
      ['Request finished', 'r-1'],
    ]);
    expect(lines[1]).toHaveProperty('handler_ms');
  });

  it('refuses two imports that want different things', async () => {
    const start = tracedApp(platform)
      .importing(TracingModule.forRoot({ service: 'a' }), TracingModule.forRoot({ service: 'b' }))
      .create();
    await expect(start).rejects.toMatchObject({ code: 'CONFLICTING_IMPORTS' });
  });

  it('does not start with a wrong option', async () => {
    const start = tracedApp(platform)
      .with({ fromat: 'json' } as TracingModuleOptions)
      .create();
    await expect(start).rejects.toMatchObject({
      name: 'TracingConfigError',
      code: 'UNKNOWN_OPTION',
      fix: expect.stringContaining('format'),
    });
  });

  it.each([
    ['useFactory', { useFactory: async () => asyncOptions() }],
    ['useClass', { useClass: OptionsFactory }],
    ['useExisting', { imports: [OptionsModule], useExisting: OptionsFactory }],
  ])('takes its options from %s', async (_name, options) => {
    const { send } = await tracedApp(platform)
      .importing(TracingModule.forRootAsync(options))
      .of(hello)
      .start();
    const response = await send('/hello', { headers: { 'x-request-id': 'r-1' } });
    expect(response.headers.get('x-from-options')).toBe('r-1');
  });

  it('omits handler_ms if a factory configures it', async () => {
    const sink = new LineSink();
    const { send } = await tracedApp(platform, sink)
      .importing(
        TracingModule.forRootAsync({
          useFactory: () => ({ logger: sinkLogger(sink), interceptor: false }),
        }),
      )
      .of(hello)
      .start();
    await (await send('/hello')).text();
    const [line] = await sink.finishes(1);
    expect(line).not.toHaveProperty('handler_ms');
  });

  it('shares the store with a ClsModule of the user’s own', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({
        ...hello,
        imports: [ClsModule.forRoot({ global: true, middleware: { mount: true } })],
      })
      .start();
    expect(await (await send('/hello', { headers: { 'x-request-id': 'r-1' } })).text()).toBe('r-1');
    await sink.finishes(1);
    expect(sink.lines.map(({ request_id }) => request_id)).toEqual(['r-1', 'r-1']);
  });

  type Hook = (request: object, response: object, done: () => void) => void;
  const hook =
    (seen: string[], name: string): Hook =>
    (_request, _response, done) => {
      seen.push(name);
      new Logger('Hook').log(name);
      done();
    };

  it.each(['before', 'after'])('keeps a request hook that is set %s it', async (moment) => {
    const seen: string[] = [];
    const { send, sink, app } = await tracedApp(platform)
      .of(hello)
      .prepared(async (nest) => {
        if (moment === 'after') await nest.init();
        const adapter = nest.getHttpAdapter() as unknown as { setOnRequestHook(hook: Hook): void };
        adapter.setOnRequestHook(hook(seen, 'mine'));
      })
      .start();
    expect(app).toBeDefined();
    await (await send('/hello', { headers: { 'x-request-id': 'r-1' } })).text();
    await sink.finishes(1);
    expect(seen).toEqual(['mine']);
    expect(sink.lines.map(({ message, request_id }) => [message, request_id])).toEqual([
      ['mine', 'r-1'],
      ['hello', 'r-1'],
      ['Request finished', 'r-1'],
    ]);
  });

  it('works with a hook that wraps the previous one', async () => {
    const seen: string[] = [];
    const { send, sink } = await tracedApp(platform)
      .of(hello)
      .prepared(async (app) => {
        await app.init();
        const adapter = app.getHttpAdapter() as unknown as {
          onRequestHook: Hook;
          setOnRequestHook(hook: Hook): void;
        };
        const before = adapter.onRequestHook;
        adapter.setOnRequestHook((request, response, done) => {
          seen.push('outer');
          before(request, response, done);
        });
      })
      .start();
    expect((await send('/hello')).status).toBe(200);
    expect(await sink.finishes(1)).toHaveLength(1);
    expect(seen).toEqual(['outer']);
  });

  it.each([
    [{ exclude: ['/hello'] }, []],
    [{ exclude: [/^\/h/g] }, []],
    [{ exclude: (record: { route?: string }) => record.route === '/hello' }, []],
    [{ exclude: ['/other'] }, ['Request finished']],
    [{ message: 'done' }, ['done']],
    [{ message: ({ method }: { method?: string }) => `${method} done` }, ['GET done']],
  ])('writes the access log as %j says', async (accessLog, expected) => {
    const { send, sink } = await tracedApp(platform)
      .with({ accessLog: accessLog as NonNullable<TracingModuleOptions['accessLog']> })
      .of(hello)
      .start();
    for (let i = 0; i < 2; i++) await (await send('/hello')).text();
    await eventually(() => sink.raw.length >= 2 * (1 + expected.length), 'the lines');
    // A little for one too many.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const messages = sink.lines.map(({ message }) => message).filter((text) => text !== 'hello');
    expect(messages).toEqual([...expected, ...expected]);
  });

  it('writes the fields and the level that the access log asks for', async () => {
    const { send, sink } = await tracedApp(platform)
      .with({
        accessLog: {
          level: 'debug',
          fields: (record, request) => ({ ...record, agent: request?.headers['user-agent'] }),
        },
      })
      .of(hello)
      .start();
    await (await send('/hello', { headers: { 'user-agent': 'jest' } })).text();
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ level: 'debug', agent: 'jest', status_code: 200 });
  });

  it('writes no access log when it is off', async () => {
    const { send, sink } = await tracedApp(platform).with({ accessLog: false }).of(hello).start();
    await (await send('/hello')).text();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sink.lines.map(({ message }) => message)).toEqual(['hello']);
  });
});

describe('the module elsewhere', () => {
  it('writes its access log lines although a test has replaced the logger', async () => {
    const sink = new LineSink();
    const module = await Test.createTestingModule({
      imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
      ...hello,
    })
      .overrideProvider(TracingLogger)
      .useValue({ log() {}, error() {}, warn() {} })
      .compile();
    const app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    await (await fetch(`${await app.getUrl()}/hello`, { headers: { connection: 'close' } })).text();
    expect(await sink.finishes(1)).toHaveLength(1);
    await app.close();
  });

  it('refuses a level of the access log that the logger does not have', async () => {
    const start = tracedApp('express')
      .with({ accessLog: { level: 'inof' } })
      .create();
    await expect(start).rejects.toMatchObject({ code: 'INVALID_ACCESS_LOG_LEVEL' });
  });

  it('begins at its middleware on an adapter without a request hook', async () => {
    class HooklessAdapter extends ExpressAdapter {}
    Object.defineProperty(HooklessAdapter.prototype, 'setOnRequestHook', {
      value: Object.getPrototypeOf(ExpressAdapter.prototype).setOnRequestHook,
    });
    const sink = new LineSink();
    @Module({ imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })], ...hello })
    class AppModule {}
    const app = await NestFactory.create(AppModule, new HooklessAdapter(), { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    await app.listen(0, '127.0.0.1');
    sink.clear();
    const response = await fetch(`${await app.getUrl()}/hello`, {
      headers: { 'x-request-id': 'r-1' },
    });
    expect(await response.text()).toBe('r-1');
    expect(response.headers.get('x-request-id')).toBe('r-1');
    expect(await sink.finishes(1)).toHaveLength(1);
    expect(sink.lines.map(({ request_id }) => request_id)).toEqual(['r-1', 'r-1']);
    await app.close();
  });

  it('traces an application without HTTP by hand', async () => {
    const sink = new LineSink();
    @Module({ imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })] })
    class ScriptModule {}
    const app = await NestFactory.createApplicationContext(ScriptModule, { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    sink.clear();
    const trace = app.get(TraceContext);
    const ids = await trace.run({ requestId: 'job-1' }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      new Logger('Job').log('working');
      return [trace.requestId, trace.traceId, trace.metadata?.transport];
    });
    expect(ids).toEqual(['job-1', 'job-1', 'manual']);
    expect(sink.lines).toEqual([
      expect.objectContaining({ message: 'working', request_id: 'job-1', context: 'Job' }),
      expect.objectContaining({
        message: 'Run finished',
        request_id: 'job-1',
        transport: 'manual',
        outcome: 'completed',
        duration_ms: expect.any(Number),
      }),
    ]);
    await app.close();
  });

  it('does not affect express middleware of the raw request', async () => {
    const { send } = await tracedApp('express')
      .of(hello)
      .prepared((app) => {
        app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
          // What body parsers and loggers do to the objects must still work.
          request.once('end', () => {});
          response.once('finish', () => {});
          next();
        });
      })
      .start();
    expect((await send('/hello')).status).toBe(200);
  });
});
