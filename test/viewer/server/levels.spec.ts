import { describe, expect, it } from '@jest/globals';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { LogLevels } from '../../../src/index.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../../support/traced-app.js';
import { VIEWER_TOKEN } from '../support.js';

const start = (platform: Platform): Promise<TracedApp> =>
  tracedApp(platform)
    .of({ imports: [TraceViewerModule.forRoot()] })
    .prepared((app) => app.enableCors({ origin: true, credentials: true }))
    .start();

const AUTHORIZATION = `Bearer ${VIEWER_TOKEN}`;
const JSON_HEADERS = { Authorization: AUTHORIZATION, 'Content-Type': 'application/json' };

describe.each(PLATFORMS)('the levels of the trace viewer, on %s', (platform) => {
  const call = (
    { url }: TracedApp,
    method: string,
    path = '',
    body?: unknown,
    headers: Record<string, string> = JSON_HEADERS,
  ): Promise<Response> =>
    fetch(`${url}/_traces/levels${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  it('are shown, set and removed', async () => {
    const traced = await start(platform);
    const levels = traced.app.get(LogLevels);
    const shown = await (await call(traced, 'GET')).json();
    expect(shown).toMatchObject({ levels: expect.arrayContaining(['debug', 'info']), rules: [] });
    const rule = { target: { field: { user: 'u-42' } }, level: 'debug', forMs: 60_000 };
    const made = await call(traced, 'POST', '', rule);
    expect(made.status).toBe(201);
    const { id, ...rest } = (await made.json()) as { id: string };
    expect(rest).toMatchObject({ target: rule.target, level: 'debug', entries: 10_000 });
    expect(levels.list()).toMatchObject([{ id, target: rule.target }]);
    expect(await (await call(traced, 'GET', `/${id}`)).json()).toMatchObject({ id });
    expect(await (await call(traced, 'DELETE', `/${id}`)).json()).toEqual({ removed: 1 });
    expect((await call(traced, 'DELETE', `/${id}`)).status).toBe(404);
    await call(traced, 'POST', '', rule);
    await call(traced, 'POST', '', { ...rule, target: { route: '/a' } });
    expect(await (await call(traced, 'DELETE')).json()).toEqual({ removed: 2 });
    expect(levels.list()).toEqual([]);
    expect(traced.sink.raw).toEqual([]);
  });

  it.each<[string, number, string, unknown, Record<string, string>]>([
    ['without the token', 401, 'POST', {}, { 'Content-Type': 'application/json' }],
    ['from another origin', 403, 'POST', {}, { ...JSON_HEADERS, Origin: 'https://evil.example' }],
    ['from no origin', 403, 'POST', {}, { ...JSON_HEADERS, Origin: 'null' }],
    [
      'from another site',
      403,
      'DELETE',
      undefined,
      { ...JSON_HEADERS, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
    ],
    ['as a form', 415, 'POST', 'a=b', { ...JSON_HEADERS, 'Content-Type': 'text/plain' }],
    ['compressed', 415, 'POST', 'x', { ...JSON_HEADERS, 'Content-Encoding': 'gzip' }],
    ['without JSON', 400, 'POST', '{', JSON_HEADERS],
    ['with a list', 400, 'POST', [], JSON_HEADERS],
    ['without a target', 400, 'POST', { level: 'debug' }, JSON_HEADERS],
    [
      'for ever',
      400,
      'POST',
      { target: { route: '/' }, level: 'debug', forMs: 1e12 },
      JSON_HEADERS,
    ],
    ['at no level', 400, 'POST', { target: { route: '/' }, level: '__proto__' }, JSON_HEADERS],
    [
      'with a prototype',
      400,
      'POST',
      '{"target":{"__proto__":{"route":"/"}},"level":"debug"}',
      JSON_HEADERS,
    ],
    ['with too much', 413, 'POST', { target: { route: 'x'.repeat(20_000) } }, JSON_HEADERS],
    ['with another method', 405, 'PUT', {}, JSON_HEADERS],
  ])('are not changed %s', async (_what, status, method, body, headers) => {
    const traced = await start(platform);
    traced.app.get(LogLevels).set({ route: '/kept' }, 'debug');
    const answer = await call(traced, method, '', body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(traced.app.get(LogLevels).list()).toMatchObject([{ target: { route: '/kept' } }]);
  });

  it('are at most a hundred', async () => {
    const traced = await start(platform);
    const levels = traced.app.get(LogLevels);
    for (let i = 0; i < 100; i++) levels.set({ sessionId: `s-${i}` }, 'debug');
    const rule = { target: { route: '/a' }, level: 'debug' };
    const answer = await call(traced, 'POST', '', rule);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'TOO_MANY_LEVEL_RULES' });
  });
});
