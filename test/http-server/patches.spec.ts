import { beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import {
  InterceptorsConsumer,
  InterceptorsContextCreator,
} from '@nestjs/core/interceptors/index.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { RequestHandler } from 'express';
import http, { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { TracingModule } from '../../src/index.js';
import { nameHandlers } from '../../src/http-server/handler-names.js';
import {
  keepRequestContext,
  requestClosed,
  type OpenRequest,
} from '../../src/http-server/request-context.js';
import { appliedPatches, undoPatches } from '../../src/instrumentation/patch.js';
import { currentTrace } from '../../src/context/active-trace.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { LineSink } from '../support/line-sink.js';
import { PLATFORMS, sinkLogger, tracedApp } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();
const warnings = (): string[] => warn.mock.calls.map(([message]) => String(message));

@Controller()
class HelloController {
  @Get()
  hello(): string {
    return 'hello';
  }
}

// Node's own prototypes are shared by all test files of a process, and others may leave a request
// open: their wrapper is not what is tested here.
beforeAll(() => {
  for (const { prototype } of [IncomingMessage, ServerResponse]) {
    Reflect.deleteProperty(prototype, 'emit');
  }
});

/** What the library changes of code that all applications share. */
function sharedMethods(): unknown[] {
  return [
    InterceptorsContextCreator.prototype.create,
    InterceptorsConsumer.prototype.intercept,
    IncomingMessage.prototype.emit,
    ServerResponse.prototype.emit,
    http.request,
    http.get,
  ];
}

describe.each(PLATFORMS)('what is changed for an application on %s', (platform) => {
  const start = () =>
    tracedApp(platform)
      .of({ controllers: [HelloController] })
      .start();

  it('is as it was after the last one has closed, and changed again for the next', async () => {
    const originals = sharedMethods();
    for (let round = 0; round < 2; round++) {
      const first = await start();
      const second = await start();
      for (const { send, sink } of [first, second]) {
        await (await send('/')).text();
        const line = (await sink.finishes(1))[0];
        expect(line).toMatchObject({
          handler: 'HelloController.hello',
          handler_ms: expect.any(Number),
        });
      }
      expect(sharedMethods()[0]).not.toBe(originals[0]);
      expect(sharedMethods()[1]).not.toBe(originals[1]);
      await first.app.close();
      expect(sharedMethods()[0]).not.toBe(originals[0]);
      await second.app.close();
      expect(sharedMethods()).toEqual(originals);
      expect(appliedPatches()).toEqual([]);
    }
    expect(warnings()).toEqual([]);
  });
});

describe('a request that is open when the last application has closed', () => {
  it('is followed to its end, and the prototypes are restored behind it', () => {
    const request = Object.create(IncomingMessage.prototype) as IncomingMessage;
    // As on a connection of Node's own server.
    request.socket = Object.assign(new Socket(), { parser: {} });
    const response = Object.create(ServerResponse.prototype) as ServerResponse;
    const originals = sharedMethods();
    const trace = openTrace({ isTrusted: false }, resolveOptions().policy, {
      transport: 'http',
      startedAt: Date.now(),
    });
    const seen: unknown[] = [];
    const onClose = (closed: OpenRequest): void => {
      seen.push(currentTrace());
      requestClosed(closed);
    };
    keepRequestContext({ trace, request, response, onClose });
    undoPatches();
    expect(sharedMethods()).not.toEqual(originals);
    response.emit('close');
    expect(seen).toEqual([trace]);
    expect(sharedMethods()).toEqual(originals);
  });
});

/** An application on an adapter of its own, after one request. */
async function requestOn(adapter: ExpressAdapter): Promise<void> {
  const sink = new LineSink();
  @Module({
    imports: [TracingModule.forRoot({ logger: sinkLogger(sink) })],
    controllers: [HelloController],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  expect((await fetch(await app.getUrl())).status).toBe(200);
  expect((await sink.finishes(1))[0]).toMatchObject({ route: '/' });
  await app.close();
}

describe('an adapter with another shape than expected', () => {
  it('is traced although its request hook cannot be read, and one warning says so', async () => {
    class MovedAdapter extends ExpressAdapter {
      #hook: RequestHandler = (_request, _response, next) => next();

      constructor() {
        super();
        this.use(((request, response, next) =>
          this.#hook(request, response, next)) as RequestHandler);
      }

      override setOnRequestHook(hook: Function): void {
        this.#hook = hook as RequestHandler;
      }
    }
    await requestOn(new MovedAdapter());
    expect(warnings()).toEqual([
      expect.stringMatching(/@nestjs\/core \d+\.\d+\.\d+.*a request hook .* does not run \(/),
    ]);
  });

  it('is as expected where it has no property for the hook until one is set', async () => {
    // As in NestJS 11.
    const adapter = new ExpressAdapter();
    Reflect.deleteProperty(adapter, 'onRequestHook');
    await requestOn(adapter);
    expect(warnings()).toEqual([]);
  });

  it('is not changed if it has no routes: one warning for each change', () => {
    nameHandlers(new ModulesContainer(), {});
    nameHandlers(new ModulesContainer(), {});
    expect(warnings()).toEqual([
      expect.stringMatching(/@nestjs\/core \d.*`handler` is missing where no interceptor ran/),
      expect.stringMatching(/@nestjs\/core \d.*is logged with its route/),
    ]);
  });
});

describe('a prototype that cannot be changed', () => {
  it('costs its requests nothing: each of them is changed itself', async () => {
    const { app, send, sink } = await tracedApp('express')
      .of({ controllers: [HelloController] })
      .start();
    const { request, response } = app.getHttpAdapter().getInstance() as {
      request: object;
      response: object;
    };
    Object.freeze(request);
    Object.freeze(response);
    expect((await send('/')).status).toBe(200);
    expect((await sink.finishes(1))[0]).toMatchObject({ status_code: 200 });
    expect(warnings()).toEqual([]);
  });
});
