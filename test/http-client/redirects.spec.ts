import { HttpModule, HttpService } from '@nestjs/axios';
import { describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import axios from 'axios';
import { got } from 'got';
import { lastValueFrom } from 'rxjs';
import { Agent, interceptors, request } from 'undici';
import { callingApp, SESSION_ID, TRACE_ID } from './calling-app.js';
import { localServer, resolveExampleHere, timesOf, UNTRUSTED } from './local-server.js';

resolveExampleHere();

type Method = 'GET' | 'POST';

async function viaHttpService(url: string, method: Method): Promise<unknown> {
  const context = await NestFactory.createApplicationContext(HttpModule, { logger: false });
  const { data } = await lastValueFrom(context.get(HttpService).request({ url, method }));
  await context.close();
  return data;
}

async function viaUndici(url: string, method: Method): Promise<unknown> {
  const agent = new Agent();
  const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 5 }));
  const { body } = await request(url, { method, dispatcher });
  const text = await body.text();
  await agent.destroy();
  return text;
}

const CLIENTS: Record<string, (url: string, method: Method) => Promise<unknown>> = {
  fetch: async (url, method) => (await fetch(url, { method })).text(),
  'undici with the redirect interceptor': viaUndici,
  'axios over node:http': async (url, method) =>
    (await axios.request({ url, method, adapter: 'http' })).data,
  'axios over fetch': async (url, method) =>
    (await axios.request({ url, method, adapter: 'fetch' })).data,
  '@nestjs/axios': viaHttpService,
  got: async (url, method) => (await got(url, { method, methodRewriting: true })).body,
};

describe.each(Object.entries(CLIENTS))('%s', (_client, call) => {
  it('carries the trace', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    expect(await app.run(() => call(`${server.url}/x?secret=1`, 'GET'))).toBe('ok');
    const [span] = await app.ended(1);
    expect(server.received).toHaveLength(1);
    expect(server.received[0]!.headers).toMatchObject({
      traceparent: `00-${TRACE_ID}-${span!.spanId}-01`,
      tracestate: 'vendor=state',
      'x-session-id': SESSION_ID,
    });
    expect(timesOf(server.received[0]!, 'traceparent')).toBe(1);
    expect(span!.name).toBe(`GET 127.0.0.1:${server.port}/x`);
    expect(span!.failed).toBe(false);
  });

  it.each([301, 302, 303, 307, 308])(
    'sends each host after %i only its own headers',
    async (status) => {
      const server = await localServer();
      const app = await callingApp({ outgoing: { trusted: ['trusted.example'] } });
      const to = (url: string, next = ''): string =>
        `${url}/redirect/${status}?to=${encodeURIComponent(next)}`;
      const trusted = `http://trusted.example:${server.port}`;
      const last = to(server.untrusted, `${trusted}/end`);
      const second = to(trusted, last);
      const first = to(server.url, second);
      expect(await app.run(() => call(first, 'GET'))).toBe('ok');

      const hosts = ['127.0.0.1', 'trusted.example', UNTRUSTED, 'trusted.example'];
      expect(server.received.map(({ headers }) => headers.host)).toEqual(
        hosts.map((host) => `${host}:${server.port}`),
      );
      const ids = [SESSION_ID, SESSION_ID, undefined, SESSION_ID];
      expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual(ids);
      const spans = await app.ended(4);
      expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual(
        spans.map(({ spanId }) => `00-${TRACE_ID}-${spanId}-01`),
      );
      expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
      expect(
        spans.map(({ failed, attributes }) => [failed, attributes!['http.response.status_code']]),
      ).toEqual([
        [false, status],
        [false, status],
        [false, status],
        [false, 200],
      ]);
    },
  );

  it('sends each host only its own after a POST', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    const to = encodeURIComponent(`${server.untrusted}/end`);
    await app.run(() => call(`${server.url}/redirect/307?to=${to}`, 'POST'));
    expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual([
      SESSION_ID,
      undefined,
    ]);
    expect(server.received.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });
});

describe('axios through a proxy', () => {
  it('sends the headers of the host behind it', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    const proxy = { protocol: 'http', host: '127.0.0.1', port: server.port };
    await app.run(async () => {
      await axios.get(`http://${UNTRUSTED}/x`, { proxy, adapter: 'http' });
      await axios.get('http://localhost/x', { proxy, adapter: 'http' });
    });
    expect(server.received.map(({ url }) => url)).toEqual([
      `http://${UNTRUSTED}/x`,
      'http://localhost/x',
    ]);
    expect(server.received.map(({ headers }) => headers['x-session-id'])).toEqual([
      undefined,
      SESSION_ID,
    ]);
  });
});
