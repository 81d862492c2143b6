import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { request as httpRequest } from 'node:http';
import type { TracingModuleOptions } from '../../src/index.js';
import type { Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const HEX_32 = /^[0-9a-f]{32}$/;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl';

@Controller()
class IdsController {
  @Get()
  get(): string {
    return 'ok';
  }
}

interface Answer {
  readonly line: Line;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly raw: string;
}

/** Sends raw headers, repeated ones too, which `fetch` would not. */
async function ask(
  platform: Platform,
  headers: Record<string, string | string[]> | string[],
  { path = '/', options = {} }: { path?: string; options?: TracingModuleOptions } = {},
): Promise<Answer> {
  const app = await tracedApp(platform)
    .with(options)
    .of({ controllers: [IdsController] })
    .start();
  const answer = await new Promise<Answer['headers']>((resolve, reject) => {
    httpRequest({ port: app.port, host: '127.0.0.1', path, headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.headers));
    })
      .on('error', reject)
      .end();
  });
  const [line] = await app.sink.finishes(1);
  return { line: line!, headers: answer, raw: app.sink.raw.join('\n') };
}

describe.each(PLATFORMS)('ids on %s', (platform) => {
  it('are generated when the request has none', async () => {
    const { line, headers } = await ask(platform, {});
    expect(line.request_id).toMatch(UUID);
    expect(line.session_id).toMatch(UUID);
    expect(line.trace_id).toMatch(HEX_32);
    expect(line.span_id).toMatch(/^[0-9a-f]{16}$/);
    expect(headers).toMatchObject({
      'x-request-id': line.request_id,
      'x-trace-id': line.trace_id,
    });
    expect(headers).not.toHaveProperty('x-session-id');
  });

  it.each([
    [
      'X-Session-ID',
      { 'x-session-id': 'a', 'x-correlation-id': 'b', 'mcp-session-id': 'c' },
      '/',
      'a',
    ],
    ['X-Correlation-ID', { 'x-correlation-id': 'b', 'mcp-session-id': 'c' }, '/?session_id=q', 'b'],
    [
      'the query',
      { 'mcp-session-id': 'c', authorization: 'Bearer t' },
      '/?a=1&session_id=q%3A1',
      'q:1',
    ],
    [
      'Mcp-Session-Id, digested',
      { 'mcp-session-id': 'c', authorization: 'Bearer t' },
      '/',
      'mcp_2e7d2c03a9507ae2',
    ],
    ['the bearer token', { authorization: 'Bearer abc' }, '/', 'tok_ba7816bf8f01cfea'],
    ['a lower-case scheme', { authorization: 'bearer abc' }, '/', 'tok_ba7816bf8f01cfea'],
    ['the next after an invalid one', { 'x-session-id': 'a b', 'x-correlation-id': 'b' }, '/', 'b'],
    [
      'an unfit MCP session, digested',
      { 'mcp-session-id': 'a!b' },
      '/',
      expect.stringMatching(/^mcp_[0-9a-f]{16}$/),
    ],
  ])('take the session from %s', async (_name, headers, path, expected) => {
    const { line } = await ask(platform, headers as Record<string, string>, { path });
    expect(line.session_id).toEqual(expected);
  });

  it.each([
    ['empty', ''],
    ['129 characters', 'a'.repeat(129)],
    ['a space', 'a b'],
    ['a comma', 'a,b'],
    ['a lookup', '${jndi:ldap://x}'],
    ['markup', '<b>'],
    ['latin-1', 'é'],
  ])('ignore an invalid id: %s', async (_name, value) => {
    const { line, headers, raw } = await ask(platform, {
      'x-request-id': value,
      'x-session-id': value,
    });
    expect(line.request_id).toMatch(UUID);
    expect(line.session_id).toMatch(UUID);
    expect(headers['x-request-id']).toBe(line.request_id);
    if (value.length > 1) expect(raw).not.toContain(value);
  });

  it.each([
    ['line break', '/?session_id=a%0d%0aSet-Cookie:x=1'],
    ['escape', '/?session_id=%1b[31m'],
    ['lookup', '/?session_id=${jndi:ldap://x}'],
    ['array', '/?session_id=a&session_id=b'],
    ['bracket array', '/?session_id[]=a'],
    ['prototype', '/?__proto__[session_id]=a'],
    ['broken encoding', '/?session_id=%E0%A4%A'],
  ])('ignore a session_id of the query with a %s', async (_name, path) => {
    const { line, raw } = await ask(platform, {}, { path });
    expect(line['status_code']).toBe(200);
    expect(line.session_id).toMatch(UUID);
    expect(line['path']).toBe('/');
    expect(raw).not.toContain('session_id=');
  });

  it('ignore a header that was sent twice', async () => {
    const { line } = await ask(platform, [
      ...['Host', 'a', 'X-Request-ID', 'one', 'X-Request-ID', 'two'],
      ...['X-Session-ID', 'one', 'X-Session-ID', 'two'],
      ...['Authorization', 'Bearer one', 'Authorization', 'Bearer two'],
    ]);
    expect(line.request_id).toMatch(UUID);
    expect(line.session_id).toMatch(UUID);
  });

  it('never show a bearer token, on no line and in no header', async () => {
    const { line, headers, raw } = await ask(
      platform,
      { authorization: `Bearer ${TOKEN}` },
      { options: { session: { key: 'k'.repeat(32), header: 'X-Session-ID' } } },
    );
    expect(line.session_id).toMatch(/^tok_[0-9a-f]{16}$/);
    expect(raw + JSON.stringify(headers)).not.toContain(TOKEN);
    expect(headers).not.toHaveProperty('x-session-id');
  });

  it('include the session in the answer if configured, unless it is a hash', async () => {
    const { headers } = await ask(
      platform,
      { 'x-session-id': 's-1' },
      { options: { session: { header: 'X-Session-ID' } } },
    );
    expect(headers['x-session-id']).toBe('s-1');
  });

  it.each([
    ['traceparent', { traceparent: TRACEPARENT, 'x-request-id': 'r-1' }, TRACE],
    ['X-Request-ID', { 'x-request-id': 'r-1' }, 'r-1'],
    [
      'X-Request-ID beside a broken traceparent',
      { traceparent: '00-xyz', 'x-request-id': 'r-1' },
      'r-1',
    ],
    [
      'X-Request-ID that travels in traceparent',
      {
        traceparent: '00-4af70061e6244499b770d7177f1e3013-b7ad6b7169203331-01',
        'x-request-id': '4af70061-e624-4499-b770-d7177f1e3013',
      },
      '4af70061-e624-4499-b770-d7177f1e3013',
    ],
  ])('take the trace from %s', async (_name, headers, expected) => {
    const { line, headers: answer } = await ask(platform, headers as Record<string, string>);
    expect(line.trace_id).toBe(expected);
    expect(answer['x-trace-id']).toBe(expected);
  });

  it('are W3C ids if configured', async () => {
    const { line } = await ask(
      platform,
      { 'x-request-id': 'r-1' },
      { options: { traceId: 'w3c' } },
    );
    expect(line.request_id).toBe('r-1');
    expect(line.trace_id).toMatch(HEX_32);
  });

  it('continue an OpenTelemetry span', async () => {
    const active = { traceId: TRACE, spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const api = Symbol.for('opentelemetry.js.api.1');
    const globals = globalThis as Record<symbol, unknown>;
    globals[api] = {
      context: { active: () => ({ getValue: () => ({ spanContext: () => active }) }) },
    };
    try {
      const { line } = await ask(platform, { 'x-request-id': 'r-1' });
      expect(line.trace_id).toBe(TRACE);
    } finally {
      delete globals[api];
    }
  });

  it.each([
    ['false', false],
    ['a function that says no', () => false],
    [
      'a function that throws',
      () => {
        throw new Error('trust');
      },
    ],
  ])('adopt nothing when trustIncoming is %s', async (_name, trustIncoming) => {
    const { line } = await ask(
      platform,
      { 'x-request-id': 'r-1', 'x-session-id': 's-1', traceparent: TRACEPARENT },
      { options: { trustIncoming } },
    );
    expect(line.request_id).toMatch(UUID);
    expect(line.session_id).toMatch(UUID);
    expect(line.trace_id).not.toBe(TRACE);
  });

  it('can come from, be checked and be made by functions of the user', async () => {
    const options: TracingModuleOptions = {
      requestId: {
        sources: ['x-amzn-trace-id'],
        validate: (id) => id.startsWith('Root='),
        header: 'X-Amzn',
      },
      session: {
        sources: [(request) => request.headers['x-user'] as string],
        generate: () => 'nobody',
      },
      traceId: { generate: () => 'f'.repeat(32), header: false },
    };
    const custom = await ask(
      platform,
      { 'x-amzn-trace-id': 'Root=1-67', 'x-user': 'u-1' },
      { options },
    );
    expect(custom.line).toMatchObject({ request_id: 'Root=1-67', session_id: 'u-1' });
    expect(custom.headers['x-amzn']).toBe('Root=1-67');
    expect(custom.headers).not.toHaveProperty('x-trace-id');
    const made = await ask(platform, {}, { options });
    expect(made.line).toMatchObject({ session_id: 'nobody', trace_id: 'f'.repeat(32) });
  });
});
