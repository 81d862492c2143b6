import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Query } from '@nestjs/common';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { suppressTracing } from '@opentelemetry/core';
import http, { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const received: IncomingHttpHeaders[] = [];
let collector: Server;
let url: string;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  collector = createServer((request, response) => {
    received.push(request.headers);
    response.end();
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/metrics`;
});
afterAll(() => {
  context.disable();
  collector.closeAllConnections();
  collector.close();
});

const CLIENTS: Record<string, () => Promise<unknown>> = {
  fetch: () => fetch(url),
  http: () =>
    new Promise((resolve) => {
      http.get(url, (response) => response.resume().on('end', resolve));
    }),
};

@Controller()
class ExportingController {
  /** Exports in the context of the request, as an exporter does that is flushed in one. */
  @Get('export')
  async export(@Query('by') by: string, @Query('suppressed') suppressed: string): Promise<never> {
    const call = CLIENTS[by]!;
    if (suppressed === 'yes') await context.with(suppressTracing(context.active()), call);
    else await call();
    throw new Error('on purpose');
  }
}

describe.each(PLATFORMS)(
  'a call for which OpenTelemetry has turned tracing off, on %s',
  (platform) => {
    it.each(Object.keys(CLIENTS))('by %s is no step and carries no ids', async (by) => {
      const { send, sink } = await tracedApp(platform)
        .of({ controllers: [ExportingController] })
        .start();
      received.length = 0;
      await send(`/export?by=${by}&suppressed=yes`);
      await send(`/export?by=${by}&suppressed=no`);
      const [suppressed, traced] = await sink.finishes(2);
      expect(suppressed).not.toHaveProperty('steps');
      expect(traced!['steps']).toEqual([
        expect.objectContaining({ name: expect.stringContaining('/v1/metrics') }),
      ]);
      expect(received).toHaveLength(2);
      expect(received[0]).not.toHaveProperty('traceparent');
      expect(received[0]).not.toHaveProperty('x-request-id');
      expect(received[1]).toHaveProperty('traceparent');
    });
  },
);
