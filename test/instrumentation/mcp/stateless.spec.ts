import { describe, expect, it } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { createLogger, transports } from 'winston';
import { traceJson, type TracingModuleOptions } from '../../../src/index.js';
import { eventually, LineSink, type Line } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp, type TracedApp } from '../../support/traced-app.js';
import { connectTo, newTraceId, traceparentOf } from './clients.js';
import { controllerOf } from './hand-made.js';

const ENDPOINT = 'v2 without sessions';
const SESSION = /^mcp_[0-9a-f]{16}$/;
const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

function start(
  options: TracingModuleOptions = {},
  platform: (typeof PLATFORMS)[number] = 'express',
): Promise<TracedApp> {
  const sink = new LineSink();
  const logger = createLogger({
    levels: { fatal: 0, error: 1, warn: 2, info: 3, debug: 4, verbose: 5 },
    level: 'info',
    format: traceJson({ service: 'test' }),
    transports: [new transports.Stream({ stream: sink })],
  });
  return tracedApp(platform, sink)
    .with({ logger, ...options })
    .of({ controllers: [controllerOf(ENDPOINT)] })
    .start();
}

interface Call {
  readonly meta?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
}

let calls = 0;

/** Sends a request of version 2026-07-28 by hand, and returns the lines of its message and request. */
async function call(app: TracedApp, { meta, headers, method = 'tools/call', params }: Call = {}) {
  const { sink } = app;
  const before = sink.finished.length;
  const messagesBefore = sink.linesOf('Message finished').length;
  const body = {
    jsonrpc: '2.0',
    id: ++calls,
    method,
    params: { ...(params ?? { name: 'ids', arguments: {} }), _meta: { ...ENVELOPE, ...meta } },
  };
  const response = await app.send('/mcp', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      'mcp-name': String(params?.['name'] ?? params?.['uri'] ?? 'ids'),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  await eventually(() => sink.finished.length > before, 'the request');
  return {
    status: response.status,
    text,
    sessionHeader: response.headers.get('x-session-id'),
    request: sink.finished[before]!,
    message: sink.linesOf('Message finished')[messagesBefore],
  };
}

describe.each(PLATFORMS)('the session of a client without sessions, on %s', (platform) => {
  it('is the digest of what the client says of itself and of its bearer token', async () => {
    const app = await start({}, platform);
    const ask = async (clientInfo: unknown, bearer?: string): Promise<string> => {
      const { message, request } = await call(app, {
        meta: clientInfo === undefined ? {} : { [CLIENT_INFO]: clientInfo },
        headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      });
      expect(message!.session_id).toBe(request.session_id);
      return request.session_id;
    };
    const one = { name: 'editor', version: '1' };
    const first = await ask(one);
    expect(first).toMatch(SESSION);
    expect(await ask({ version: '1', name: 'editor' })).toBe(first);
    const sessions = [
      first,
      await ask({ name: 'editor', version: '2' }),
      await ask(one, 'token-a'),
      await ask(one, 'token-b'),
      await ask({ name: 'editor"', version: '1' }),
    ];
    for (const session of sessions) expect(session).toMatch(SESSION);
    expect(new Set(sessions).size).toBe(sessions.length);
    expect(await ask(one, 'token-b')).toBe(sessions[3]);
    // Without clientInfo, the rules are those of any request.
    expect(await ask(undefined, 'token-a')).toMatch(/^tok_/);
    expect(await ask(undefined)).toMatch(/^[0-9a-f-]{36}$/);
    expect(app.sink.raw.join()).not.toMatch(/token-[ab]/);
  });

  it('gives way to a session that the request names, and follows `session.key`', async () => {
    const key = 'a key of the application';
    const app = await start({ session: { key, header: 'X-Session-ID' } }, platform);
    const meta = { [CLIENT_INFO]: { name: 'editor', version: '1' } };
    const named = await call(app, { meta, headers: { 'x-session-id': 'session-7' } });
    expect([named.message!.session_id, named.sessionHeader]).toEqual(['session-7', 'session-7']);
    const credential = await call(app, { meta, headers: { 'mcp-session-id': 'plain-session' } });
    const digest = createHmac('sha256', key).update('plain-session').digest('hex').slice(0, 16);
    expect(credential.message!.session_id).toBe(`mcp_${digest}`);
    const own = await call(app, { meta });
    const plain = createHash('sha256')
      .update(JSON.stringify([JSON.stringify(['editor', null, '1', null]), null]))
      .digest('hex');
    expect(own.message!.session_id).toMatch(SESSION);
    expect(own.message!.session_id).not.toBe(`mcp_${plain.slice(0, 16)}`);
    expect(own.sessionHeader).toBeNull();
    expect(app.sink.raw.join()).not.toContain('plain-session');
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'editor'],
    ['a list', [{ name: 'editor' }]],
    ['no name', { version: '1' }],
    ['a name that is no text', { name: { toString: 'x' }, version: '1' }],
    ['inherited names', JSON.parse('{"__proto__":{"name":"x"},"constructor":{"name":"y"}}')],
  ])('is not taken from %s', async (_name, clientInfo) => {
    const app = await start({}, platform);
    const { request } = await call(app, { meta: { [CLIENT_INFO]: clientInfo } });
    expect(request.session_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.prototype).not.toHaveProperty('name');
  });

  it('is bounded where the client says too much, or draws on a terminal', async () => {
    const app = await start({}, platform);
    const hostile = {
      name: `${'n'.repeat(20_000)}\u001b[31m`,
      version: '\r\nx',
      nested: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown,
      ...Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`k${n}`, n])),
    };
    const { request, status } = await call(app, { meta: { [CLIENT_INFO]: hostile } });
    expect(status).toBeLessThan(500);
    expect(request.session_id).toMatch(/^(?:mcp_[0-9a-f]{16}|[0-9a-f-]{36})$/);
    expect(app.sink.raw.join().length).toBeLessThan(5000);
  });

  it('is nothing that an untrusted client decides', async () => {
    const app = await start({ trustIncoming: () => false }, platform);
    const meta = { [CLIENT_INFO]: { name: 'editor', version: '1' }, [LOG_LEVEL]: 'debug' };
    const { message } = await call(app, {
      meta,
      params: { name: 'detailed', arguments: { n: 1 } },
    });
    expect(message!.session_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(app.sink.linesOf('detail')).toEqual([]);
  });

  it('leaves `session.sources` of the application alone, and digests a credential among them', async () => {
    const app = await start({ session: { sources: ['x-tenant', 'mcp-session-id'] } }, platform);
    const meta = { [CLIENT_INFO]: { name: 'editor', version: '1' } };
    expect((await call(app, { meta })).message!.session_id).toMatch(/^[0-9a-f-]{36}$/);
    const { request } = await call(app, { meta, headers: { 'mcp-session-id': 'abc' } });
    expect(request.session_id).toBe('mcp_ba7816bf8f01cfea');
  });
});

describe.each(PLATFORMS)('what a request says that it is, on %s', (platform) => {
  it('is on the access log line of the request as of the message', async () => {
    const app = await start({}, platform);
    const { request, message } = await call(app);
    const expected = { mcp_method: 'tools/call', mcp_tool: 'ids' };
    expect(request).toMatchObject({ ...expected, method: 'POST', path: '/mcp' });
    expect(message).toMatchObject(expected);
  });

  it('is taken from the body where the headers differ', async () => {
    const app = await start({}, platform);
    // The SDK refuses such a request, so one of another kind is sent by an older client.
    const { sink } = app;
    const response = await app.send('/mcp', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-method': 'prompts/get',
        'mcp-name': 'forged',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ids","arguments":{}}}',
    });
    await response.text();
    await sink.finishes(1);
    expect(sink.finished[0]).toMatchObject({ mcp_method: 'tools/call', mcp_tool: 'ids' });
    expect(sink.raw.join()).not.toContain('forged');
  });

  it.each<[string, string, string, object]>([
    ['a prompt', 'prompts/get', 'dun', { mcp_prompt: 'dun' }],
    [
      'a resource without its parameters',
      'resources/read',
      'file://me:pw@host/rates?token=t0p#x',
      { mcp_resource: 'file://[redacted]@host/rates' },
    ],
    ['an encoded name', 'tools/call', '=?base64?w7xiZXI=?=', { mcp_tool: 'über' }],
  ])('shows %s, also of a request that is refused', async (_name, method, name, expected) => {
    const app = await start({}, platform);
    const response = await app.send('/elsewhere', {
      method: 'POST',
      headers: { 'mcp-method': method, 'mcp-name': name },
    });
    await response.text();
    const [line] = await app.sink.finishes(1);
    expect(line).toMatchObject({ mcp_method: method, status_code: 404, ...expected });
    expect(app.sink.raw.join()).not.toMatch(/t0p|:pw/);
  });

  it.each<[string, Record<string, string>]>([
    ['a method that is too long', { 'mcp-method': 'm'.repeat(129), 'mcp-name': 'x' }],
    ['a method of another form', { 'mcp-method': '<script>', 'mcp-name': 'x' }],
    ['a method twice', { 'mcp-method': 'tools/call, tools/list' }],
  ])('is left out where there is %s', async (_name, headers) => {
    const app = await start({}, platform);
    await (await app.send('/elsewhere', { method: 'POST', headers })).text();
    const [line] = await app.sink.finishes(1);
    expect(line).not.toHaveProperty('mcp_method');
    expect(line).not.toHaveProperty('mcp_tool');
  });

  it.each(['=?base64?GwobWzMxbQ==?=', '=?base64?%%%?=', 'x'.repeat(600)])(
    'shows no name of another form: %s',
    async (name) => {
      const app = await start({}, platform);
      const headers = { 'mcp-method': 'tools/call', 'mcp-name': name };
      await (await app.send('/elsewhere', { method: 'POST', headers })).text();
      const [line] = await app.sink.finishes(1);
      expect(line).toMatchObject({ mcp_method: 'tools/call' });
      expect(String(line!['mcp_tool'] ?? '')).not.toMatch(/[^ -~]|x{129}/);
    },
  );
});

describe('the level that a request asks for', () => {
  it('holds for the lines of that request, of 200 side by side', async () => {
    const app = await start();
    const client = await connectTo(app.url, ENDPOINT);
    const asks = (n: number): boolean => n % 4 === 0;
    const traces = Array.from({ length: 200 }, newTraceId);
    await Promise.all(
      traces.map((traceId, n) =>
        client.callTool({
          name: 'detailed',
          arguments: { n },
          _meta: {
            traceparent: traceparentOf(traceId),
            ...(asks(n) && { [LOG_LEVEL]: 'debug' }),
          },
        }),
      ),
    );
    const details: Line[] = app.sink.linesOf('detail');
    expect(details).toHaveLength(100);
    for (const line of details) {
      const n = line['n'] as number;
      expect([asks(n), line.trace_id, line.level]).toEqual([true, traces[n], 'debug']);
    }
  });

  it.each(['error', 'loud', 7, ['debug'], '__proto__', null])(
    'changes nothing where it is %p',
    async (level) => {
      const app = await start();
      const params = { name: 'detailed', arguments: { n: 1 } };
      const { status } = await call(app, { meta: { [LOG_LEVEL]: level }, params });
      expect(status).toBeLessThan(500);
      expect(app.sink.linesOf('detail')).toEqual([]);
    },
  );

  it('needs a signature where there is a `debugKey`', async () => {
    const app = await start({ debugKey: 'k'.repeat(32) });
    const params = { name: 'detailed', arguments: { n: 1 } };
    await call(app, { meta: { [LOG_LEVEL]: 'debug' }, params });
    expect(app.sink.linesOf('detail')).toEqual([]);
  });
});
