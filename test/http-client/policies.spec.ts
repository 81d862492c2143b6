import { describe, expect, it } from '@jest/globals';
import http, { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { spyOnWarnings } from '../support/warnings.js';
import { callingApp, REQUEST_ID, SESSION_ID, TRACE_ID } from './calling-app.js';
import { localServer, resolveExampleHere, type LocalServer } from './local-server.js';

resolveExampleHere();
const warn = spyOnWarnings();

async function callBothWays(url: string): Promise<void> {
  await (await fetch(url)).text();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http.get(url, resolve).on('error', reject);
  });
  await text(response);
}

/** The ids that the server received, for each call. */
const idsOf = ({ received }: LocalServer): unknown[] =>
  received.map(({ headers }) => [headers['x-request-id'], headers['x-session-id']]);
const ALL = [REQUEST_ID, SESSION_ID];
const NONE = [undefined, undefined];

describe('two applications of one process', () => {
  it('follow each its own options', async () => {
    const server = await localServer();
    const none = await callingApp({ outgoing: false });
    const own = await callingApp({ outgoing: { trusted: ['a.example'] } });
    const other = await callingApp({ outgoing: { trusted: [/^b\./g] } });
    const urls = ['a', 'b'].map((name) => `http://${name}.example:${server.port}`);
    for (const app of [none, own, other]) {
      await app.run(async () => {
        for (const url of urls) await callBothWays(url);
      });
    }
    expect(idsOf(server)).toEqual([
      ...[NONE, NONE, NONE, NONE],
      ...[ALL, ALL, NONE, NONE],
      ...[NONE, NONE, ALL, ALL],
    ]);
    const parents = server.received.map(({ headers }) => headers['traceparent']);
    expect(parents.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    for (const parent of parents.slice(4)) expect(parent).toMatch(TRACE_ID);
    // All listen to the same channel.
    expect(own.spans).toHaveLength(8);
  });
});

describe('a call', () => {
  it('carries nothing outside a context', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await callBothWays(server.url);
    for (const { headers } of server.received) {
      expect(Object.keys(headers).filter((name) => /^(?:x-|trace|baggage)/.test(name))).toEqual([]);
    }
    expect(app.spans).toEqual([]);
  });

  it('carries the baggage that is allowed, to all hosts', async () => {
    const server = await localServer();
    const app = await callingApp({ baggage: { allow: ['tenant'] } });
    await app.run(() => callBothWays(server.untrusted));
    expect(server.received.map(({ headers }) => headers['baggage'])).toEqual([
      'tenant=acme',
      'tenant=acme',
    ]);
  });

  it('of which a predicate throws carries no ids, and does not fail', async () => {
    const server = await localServer();
    const app = await callingApp({
      outgoing: {
        trusted: () => {
          throw new Error('no list');
        },
      },
    });
    await app.run(() => callBothWays(server.untrusted));
    expect(idsOf(server)).toEqual([NONE, NONE]);
    for (const { headers } of server.received) expect(headers['traceparent']).toMatch(TRACE_ID);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(String(warn.mock.calls[0]![0])).toMatch(
      /`outgoing\.trusted` of TracingModule\.forRoot threw: no list/,
    );
  });

  it('asks a predicate for the host alone, in lower case', async () => {
    const server = await localServer();
    const asked: string[] = [];
    const trusted = (host: string): boolean => asked.push(host) > 0;
    const app = await callingApp({ outgoing: { trusted } });
    const url = `http://USER:secret@API.Example.:${server.port}/path?query`;
    await app.run(async () => {
      await fetch(url.replace('USER:secret@', '')).then((answer) => answer.text());
      await new Promise((resolve) => {
        http.get(url, (response) => resolve(text(response)));
      });
      const host = 'API.Example';
      await new Promise((resolve) => {
        http.get({ host, port: server.port }, (response) => resolve(text(response)));
      });
    });
    expect(asked).toEqual(['api.example', 'api.example', 'api.example']);
    expect(idsOf(server)).toEqual([ALL, ALL, ALL]);
  });

  it.each(['fetch', 'http', 'http with a list of headers'])(
    'omits an id that is not valid in a header, and keeps the rest: %s',
    async (client) => {
      const server = await localServer();
      const app = await callingApp({ requestId: { generate: () => 'a\r\nX-Evil: 1' } });
      const call = (): Promise<unknown> => {
        if (client === 'fetch') return fetch(server.url).then((answer) => answer.text());
        const options = client === 'http' ? {} : { headers: ['Host', 'x'] };
        return new Promise((resolve, reject) => {
          http.get(server.url, options, (response) => resolve(text(response))).on('error', reject);
        });
      };
      await app.trace.run({ sessionId: SESSION_ID }, call);
      const [received] = server.received;
      expect(received!.headers).not.toHaveProperty('x-evil');
      expect(received!.headers).not.toHaveProperty('x-request-id');
      expect(received!.headers['x-session-id']).toBe(SESSION_ID);
      expect(received!.headers['traceparent']).toBeDefined();
      expect(await app.ended(1)).toHaveLength(1);
    },
  );
});

describe('a call that is wrong', () => {
  const WRONG: Record<string, (url: string) => unknown> = {
    'a header name': (url) => http.request(url, { headers: { 'a b': '1' } }),
    'a header name in a list': (url) => http.request(url, { headers: ['a b', '1'] }),
    'a header value': (url) => http.request(url, { headers: { a: 'b\r\nc' } }),
    'half a list': (url) => http.request(url, { headers: ['a'] }),
    'no URL': () => http.request('nowhere'),
    'another protocol': () => http.request('ftp://127.0.0.1'),
    'a method': (url) => http.request(url, { method: 'G T' }),
    'a path': () => http.request({ path: '/a b' }),
    'get of no URL': () => http.get('nowhere'),
  };

  it.each(Object.entries(WRONG))('fails as it does without tracing: %s', async (_what, call) => {
    const [server, app] = [await localServer(), await callingApp()];
    const errorOf = (fn: () => unknown): NodeJS.ErrnoException => {
      try {
        fn();
      } catch (error) {
        return error as NodeJS.ErrnoException;
      }
      throw new Error('nothing was thrown');
    };
    const usual = errorOf(() => call(server.url));
    const traced = app.run(() => errorOf(() => call(server.url)));
    expect([traced.code, traced.message]).toEqual([usual.code, usual.message]);
    expect(app.spans).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
  });

  it.each(['http://%', 'http://[', 'http://host:99999/'])(
    'is sent as it is, without ids, where a proxy has to guess: %s',
    async (path) => {
      const [server, app] = [await localServer(), await callingApp()];
      await app.run(
        () =>
          new Promise((resolve, reject) => {
            http
              .get({ port: server.port, path }, (response) => resolve(text(response)))
              .on('error', reject);
          }),
      );
      expect(server.received[0]!.headers['traceparent']).toMatch(TRACE_ID);
      expect(idsOf(server)).toEqual([NONE]);
      expect(warn).not.toHaveBeenCalled();
    },
  );
});
