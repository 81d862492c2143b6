import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import http, { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TracingLogger } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { flawsOfCalls, VALIDATION_CASES, type Headers } from '../trace/validation-cases.js';

function get(url: string, headers: readonly string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get(url, headers.length === 0 ? {} : { headers }, (response: IncomingMessage) => {
        resolve(text(response));
      })
      .on('error', reject);
  });
}

const CLIENTS = {
  fetch: async (url: string) => (await fetch(url)).text(),
  http: (url: string) => get(url),
};

/** The side of the test: it calls the service, whose handler calls it back. */
const calls: IncomingHttpHeaders[] = [];
const harness = createServer((request, response) => {
  calls.push(request.headers);
  response.end();
});
let harnessUrl = '';
let call: (url: string) => Promise<string> = CLIENTS.fetch;

@Controller()
class ServiceController {
  @Get()
  async callThrice(): Promise<void> {
    for (let i = 0; i < 3; i++) await call(harnessUrl);
  }
}

beforeAll(async () => {
  await new Promise<void>((resolve) => harness.listen(0, '127.0.0.1', resolve));
  harnessUrl = `http://127.0.0.1:${(harness.address() as AddressInfo).port}`;
});

afterAll(() => {
  harness.close();
  harness.closeAllConnections();
});

describe.each(PLATFORMS)('the public validation suite in a handler on %s', (platform) => {
  let app: INestApplication;
  let host = '';

  beforeAll(async () => {
    app = await tracedApp(platform)
      .of({ controllers: [ServiceController] })
      .create();
    app.useLogger(app.get(TracingLogger));
    await app.listen(0, '127.0.0.1');
    host = `127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });

  afterAll(() => app.close());

  /** What the harness received while the service answered a request with these headers. */
  async function callsOf(headers: Headers): Promise<IncomingHttpHeaders[]> {
    calls.length = 0;
    await get(`http://${host}/`, ['Host', host, ...headers.flat()]);
    return [...calls];
  }

  describe.each(Object.entries(CLIENTS))('that calls with %s', (_client, client) => {
    it.each(Object.entries(VALIDATION_CASES))('%s', async (_name, steps) => {
      call = client;
      for (const [headers, demand] of steps) {
        expect(flawsOfCalls(headers, demand, await callsOf(headers))).toEqual([]);
      }
    });
  });
});
