import { describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http, { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { request as undiciRequest } from 'undici';
import { callingApp, PARENT_ID, REQUEST_ID, SESSION_ID, TRACE_ID } from './calling-app.js';
import { localServer, timesOf } from './local-server.js';

type Headers = readonly (readonly [name: string, value: string])[];
type Call = (url: string, headers: Headers) => Promise<unknown>;

const get = (url: string, headers: http.OutgoingHttpHeaders | readonly string[]) =>
  new Promise<string>((resolve, reject) => {
    http
      .get(url, { headers }, (response: IncomingMessage) => resolve(text(response)))
      .on('error', reject);
  });

/** Each way to give headers to each client. */
const WAYS: Record<string, Call> = {
  'fetch, an object': async (url, headers) =>
    (await fetch(url, { headers: Object.fromEntries(headers) })).text(),
  'fetch, Headers': async (url, headers) =>
    (await fetch(url, { headers: new Headers(Object.fromEntries(headers)) })).text(),
  'fetch, a list': async (url, headers) =>
    (await fetch(url, { headers: headers as [string, string][] })).text(),
  'fetch, a Request': async (url, headers) =>
    (await fetch(new Request(url, { headers: Object.fromEntries(headers) }))).text(),
  'undici, an object': async (url, headers) =>
    (await undiciRequest(url, { headers: Object.fromEntries(headers) })).body.text(),
  'undici, a flat list': async (url, headers) =>
    (await undiciRequest(url, { headers: headers.flat() })).body.text(),
  'undici, lists of values': async (url, headers) => {
    const lists = Object.fromEntries(headers.map(([name, value]) => [name, [value]]));
    return (await undiciRequest(url, { headers: lists })).body.text();
  },
  'http, an object': (url, headers) => get(url, Object.fromEntries(headers)),
  'http, lists of values': (url, headers) =>
    get(url, Object.fromEntries(headers.map(([name, value]) => [name, [value]]))),
  'http, a flat list': (url, headers) => get(url, headers.flat()),
  'http, a list of pairs': (url, headers) => get(url, headers as never),
  'http, with Expect': (url, headers) =>
    get(url, { ...Object.fromEntries(headers), Expect: '100-continue' }),
  'http, set later': async (url, headers) => {
    const request = http.request(url);
    for (const [name, value] of headers) request.setHeader(name, value);
    const response = await new Promise<IncomingMessage>((resolve) => {
      request.once('response', resolve).end();
    });
    return text(response);
  },
};

const CREATE = 'undici:request:create';

function addAsOthersDo(message: unknown, parent: string): void {
  const { request } = message as { request: { addHeader(name: string, value: string): void } };
  request.addHeader('traceparent', parent);
  request.addHeader('tracestate', 'other=1');
}

// Listens before the first application of this file does.
let parentAddedBefore: string | undefined;
subscribe(CREATE, (message) => {
  if (parentAddedBefore !== undefined) addAsOthersDo(message, parentAddedBefore);
});

const OTHERS_TRACE = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const OTHERS_SPAN = 'bbbbbbbbbbbbbbbb';

describe.each(Object.entries(WAYS))('what the caller set stays: %s', (way, call) => {
  it.each([
    ['X-Request-ID', 'x-session-id'],
    ['x-request-id', 'x-session-id'],
    ['X-SESSION-ID', 'x-request-id'],
    ['x-sEssion-iD', 'x-request-id'],
  ])('%s', async (name, other) => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(() => call(server.url, [[name, 'own']]));
    const [received] = server.received;
    expect(received!.headers[name.toLowerCase()]).toBe('own');
    expect(timesOf(received!, name.toLowerCase())).toBe(1);
    expect(received!.headers[other]).toBe(other === 'x-request-id' ? REQUEST_ID : SESSION_ID);
    expect(received!.headers['traceparent']).toMatch(TRACE_ID);
  });

  // Node does not report headers that are set on an existing request.
  const isKnown = way !== 'http, set later';

  it.each(['traceparent', 'TraceParent'])('%s of another trace', async (name) => {
    const [server, app] = [
      await localServer(),
      await callingApp({ baggage: { allow: ['tenant'] } }),
    ];
    const own = `00-${OTHERS_TRACE}-${OTHERS_SPAN}-01`;
    await app.run(() => call(server.url, [[name, own]]));
    const [received] = server.received;
    expect(received!.headers['traceparent']).toBe(own);
    expect(timesOf(received!, 'traceparent')).toBe(1);
    expect(received!.headers['x-request-id']).toBe(REQUEST_ID);
    if (!isKnown) return;
    expect(received!.headers).not.toHaveProperty('tracestate');
    expect(received!.headers).not.toHaveProperty('baggage');
    const [span] = await app.ended(1);
    expect(span!.spanId).not.toBe(OTHERS_SPAN);
  });

  it('traceparent of its own trace, whose span is that of the call', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    const own = await app.run(async () => {
      const headers = app.trace.headers();
      await call(server.url, Object.entries(headers));
      return headers['traceparent']!;
    });
    const [received] = server.received;
    expect(received!.headers['traceparent']).toBe(own);
    expect(received!.headers['tracestate']).toBe('vendor=state');
    expect(timesOf(received!, 'tracestate')).toBe(1);
    if (isKnown) expect((await app.ended(1))[0]!.spanId).toBe(own.split('-')[2]);
  });

  it('baggage and tracestate', async () => {
    const [server, app] = [
      await localServer(),
      await callingApp({ baggage: { allow: ['tenant'] } }),
    ];
    await app.run(() =>
      call(server.url, [
        ['Baggage', 'own=1'],
        ['TraceState', 'own=2'],
      ]),
    );
    expect(server.received[0]!.headers).toMatchObject({ baggage: 'own=1', tracestate: 'own=2' });
    expect(server.received[0]!.headers['traceparent']).toMatch(TRACE_ID);
  });

  it('a header that is no trace: it stays, and no other is added', async () => {
    const [server, app] = [await localServer(), await callingApp()];
    await app.run(() => call(server.url, [['traceparent', 'nonsense']]));
    expect(server.received[0]!.headers['traceparent']).toBe('nonsense');
    if (isKnown) expect(server.received[0]!.headers).not.toHaveProperty('tracestate');
  });
});

describe('a traceparent that names a span which is known', () => {
  it.each(Object.entries(WAYS).slice(0, -1))('has no second one: %s', async (_way, call) => {
    const [server, app] = [await localServer(), await callingApp()];
    let ownId: string | undefined;
    await app.run(async () => {
      ownId = app.trace.spanId;
      const headers = Object.entries(app.trace.headers());
      await call(server.url, headers);
      await call(server.url, headers);
      await call(server.url, [['traceparent', `00-${TRACE_ID}-${PARENT_ID}-01`]]);
      await call(server.url, [['traceparent', `00-${TRACE_ID}-${ownId}-01`]]);
    });
    const ids = (await app.ended(4)).map(({ spanId }) => spanId);
    expect(new Set([...ids, PARENT_ID, ownId]).size).toBe(6);
    for (const { parentSpanId } of app.spans) expect(parentSpanId).toBe(ownId);
  });
});

describe('another tracer on the same channel', () => {
  it.each([
    ['before', TRACE_ID],
    ['behind', TRACE_ID],
    ['before', OTHERS_TRACE],
    ['behind', OTHERS_TRACE],
  ] as const)('that listens %s: one traceparent goes out, in trace %s', async (when, traceId) => {
    const server = await localServer();
    const app = await callingApp({ baggage: { allow: ['tenant'] } });
    const parent = `00-${traceId}-${OTHERS_SPAN}-01`;
    const behind = (message: unknown): void => addAsOthersDo(message, parent);
    if (when === 'before') parentAddedBefore = parent;
    else subscribe(CREATE, behind);
    await app.run(async () => (await fetch(server.url)).text());
    parentAddedBefore = undefined;
    unsubscribe(CREATE, behind);

    const [received] = server.received;
    expect(received!.headers['traceparent']).toBe(parent);
    expect(received!.headers['tracestate']).toBe('other=1');
    expect(received!.headers).not.toHaveProperty('baggage');
    expect(timesOf(received!, 'traceparent')).toBe(1);
    expect(timesOf(received!, 'tracestate')).toBe(1);
    expect(received!.headers['x-session-id']).toBe(SESSION_ID);
    const [span] = await app.ended(1);
    if (traceId === TRACE_ID) expect(span!.spanId).toBe(OTHERS_SPAN);
    else expect(span!.spanId).not.toBe(OTHERS_SPAN);
  });
});
