import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { PLATFORMS, tracedApp, type Platform } from '../../support/traced-app.js';
import { askWithoutToken, VIEWER_TOKEN } from '../support.js';

let printed: string[];

beforeEach(() => {
  printed = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

const create = (platform: Platform, options = {}) =>
  tracedApp(platform)
    .of({ imports: [TraceViewerModule.forRoot(options)] })
    .create();
const links = () => printed.filter((text) => text.includes('token='));
const line = (origin: string, where = '') =>
  `nestjs-tracing: to see the traces, open ${origin}/_traces?token=${VIEWER_TOKEN}${where}\n`;

it.each(PLATFORMS)('is printed once, when the server listens, on %s', async (platform) => {
  for (const [host, shown] of [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', 'localhost'],
    ['::1', '[::1]'],
  ] as const) {
    printed.length = 0;
    const app = await create(platform);
    await app.init();
    expect(links()).toEqual([]);
    await app.listen(0, host);
    const { port } = app.getHttpServer().address() as AddressInfo;
    await askWithoutToken(port, '/_traces/').catch(() => undefined);
    await app.close();
    expect(links()).toEqual([line(`http://${shown}:${port}`)]);
  }
});

const PUBLIC = {
  TRACING_VIEWER_URL: '',
  CODESPACE_NAME: '',
  GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: '',
};

it.each([
  [{ TRACING_VIEWER_URL: 'https://shop.test:8443' }, () => 'https://shop.test:8443'],
  [{ TRACING_VIEWER_URL: 'http://u:p@shop.test/api/?x=1#y' }, () => 'http://shop.test/api'],
  [{ TRACING_VIEWER_URL: 'javascript:alert(1)' }, (port: number) => `http://localhost:${port}`],
  [{ TRACING_VIEWER_URL: 'https://' }, (port: number) => `http://localhost:${port}`],
  [
    { CODESPACE_NAME: 'octo-1', GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: 'app.github.dev' },
    (port: number) => `https://octo-1-${port}.app.github.dev`,
  ],
  [
    { CODESPACE_NAME: 'a/\u001b[31m', GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: 'app.github.dev' },
    (port: number) => `http://localhost:${port}`,
  ],
])('works outside of the container, with %j', async (env, origin) => {
  const before = { ...process.env };
  Object.assign(process.env, PUBLIC, env);
  try {
    const app = await create('express');
    await app.listen(0, '0.0.0.0');
    const { port } = app.getHttpServer().address() as AddressInfo;
    await app.close();
    expect(links()).toEqual([line(origin(port))]);
  } finally {
    for (const name of Object.keys(PUBLIC)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
});

it('names the Unix socket on which the server listens', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'viewer-link-'));
  const app = await create('express');
  await app.listen(join(folder, 'app.sock'));
  await app.close();
  rmSync(folder, { recursive: true, force: true });
  expect(links()).toEqual([line('http://localhost', ` (on ${folder}/app.sock)`)]);
});

it('is printed for a server that the application made itself, when somebody asks it', async () => {
  const app = await create('express');
  await app.init();
  const server = createServer(app.getHttpAdapter().getInstance() as () => void);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (let asked = 0; asked < 2; asked++) await askWithoutToken(port, '/_traces/');
  await new Promise((resolve) => server.close(resolve));
  await app.close();
  expect(links()).toEqual([line(`http://127.0.0.1:${port}`)]);
});

it('is not printed where `authorize` decides', async () => {
  const app = await create('express', { authorize: () => true });
  await app.listen(0, '127.0.0.1');
  await app.close();
  expect(links()).toEqual([]);
});
