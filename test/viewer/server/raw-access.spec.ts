import { describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { ViewerToken } from '../../../src/viewer/server/viewer-token.js';
import { PLATFORMS, tracedApp, type Platform } from '../../support/traced-app.js';
import { VIEWER_TOKEN } from '../support.js';

const COOKIE = ViewerToken.ofProject().cookieName;
const WRONG = '0'.repeat(48);

const start = (platform: Platform) =>
  tracedApp(platform)
    .of({ imports: [TraceViewerModule.forRoot()] })
    .start();

/** What comes back for bytes, until the connection is closed. */
async function answerTo(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return textOf(socket);
}

const request = (target: string, { method = 'GET', version = '1.1', headers = '' } = {}): string =>
  `${method} ${target} HTTP/${version}\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`;

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

/** Each with the status without a token: 401 of the viewer, 400 of Node, or 404 of the application. */
const REFUSED: [string, string][] = [
  ['a path with two slashes', request('/_traces//stream')],
  ['a path with slashes in front', request('//_traces/stream')],
  ['upper case', request('/_TRACES/stream')],
  ['a path that is encoded', request('/%5ftraces/stream')],
  ['an encoded slash', request('/_traces%2fstream')],
  ['an encoded endpoint', request('/_traces/%73tream')],
  ['dots', request('/_traces/../_traces/stream')],
  ['encoded dots', request('/_traces/%2e%2e/_traces/stream')],
  ['dots to an endpoint that needs no token', request('/_traces/v1/logs/../../stream')],
  ['dots behind that', request('/_traces/stream/../v1/logs/../../stream')],
  ['a backslash', request('/_traces\\stream')],
  ['a parameter of a path', request('/_traces;x/stream')],
  ['the absolute form', request('http://localhost/_traces/stream')],
  ['the absolute form of another host', request('http://evil.example/_traces/stream')],
  ['an authority in front', request('//localhost/_traces/stream')],
  ['a fragment', request('/_traces/stream#/v1/logs')],
  ['a query that is an endpoint', request('/_traces/stream?/v1/logs')],
  ['HEAD', request('/_traces/stream', { method: 'HEAD' })],
  ['OPTIONS', request('/_traces/stream', { method: 'OPTIONS' })],
  ['POST', request('/_traces/stream', { method: 'POST', headers: 'Content-Length: 0\r\n' })],
  ['an unknown method', request('/_traces/stream', { method: 'PROPFIND' })],
  [
    'a method that is overridden',
    request('/_traces/', { method: 'POST', headers: 'X-HTTP-Method-Override: GET\r\n' }),
  ],
  ['HTTP/1.0', request('/_traces/stream', { version: '1.0' })],
  ['a wrong token, twice', request(`/_traces/?token=${WRONG}&token=${WRONG}`)],
  ['the right token behind a wrong one', request(`/_traces/?token=${WRONG}&token=${VIEWER_TOKEN}`)],
  ['a list of tokens', request(`/_traces/?token[]=${VIEWER_TOKEN}`)],
  ['the token with a zero', request(`/_traces/?token=${VIEWER_TOKEN}%00`)],
  ['the token with a space', request(`/_traces/?token=+${VIEWER_TOKEN}`)],
  ['a cookie in quotes', request('/_traces/', { headers: `Cookie: ${COOKIE}="${WRONG}"\r\n` })],
  ['a cookie without a value', request('/_traces/', { headers: `Cookie: ${COOKIE}\r\n` })],
  [
    'a cookie that is garbage',
    request('/_traces/', { headers: `Cookie: ;;=;${COOKIE}==;%%%;\x80\xff;${COOKIE}=%00\r\n` }),
  ],
  [
    'two headers with wrong cookies',
    request('/_traces/', {
      headers: `Cookie: ${COOKIE}=a\r\nCookie: ${COOKIE}=${WRONG}\r\n`,
    }),
  ],
  [
    'two bearers, of which Node keeps the first',
    request('/_traces/', {
      headers: `Authorization: Bearer ${WRONG}\r\nAuthorization: Bearer ${VIEWER_TOKEN}\r\n`,
    }),
  ],
  [
    'headers that claim to come from this machine',
    request('/_traces/stream', { headers: 'X-Real-IP: ::1\r\nForwarded: for=127.0.0.1\r\n' }),
  ],
];

describe.each(PLATFORMS)('bytes that are sent to the trace viewer, on %s', (platform) => {
  it.each(REFUSED)('are refused without the token: %s', async (_what, bytes) => {
    const { port, sink } = await start(platform);
    const answer = await answerTo(port, bytes);
    expect([400, 401, 404]).toContain(statusOf(answer));
    expect(answer).not.toMatch(/text\/event-stream|<!doctype|set-cookie/i);
    expect(answer.toLowerCase()).not.toContain(VIEWER_TOKEN);
    expect(sink.raw.join('')).not.toContain(VIEWER_TOKEN);
  });

  it('are answered one by one on one connection: the token of one is not that of the next', async () => {
    const { port } = await start(platform);
    const kept = `GET /_traces/page.js HTTP/1.1\r\nHost: h\r\n`;
    const answer = await answerTo(
      port,
      `${kept}Cookie: ${COOKIE}=${VIEWER_TOKEN}\r\n\r\n${kept}\r\n${request('/_traces/stream')}`,
    );
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '401', '401']);
  });

  it.each([
    ['in the second of two headers', `Cookie: a=b\r\nCookie: ${COOKIE}=${VIEWER_TOKEN}\r\n`],
    ['behind an old cookie', `Cookie: ${COOKIE}=${WRONG}; ${COOKIE}=${VIEWER_TOKEN}\r\n`],
    ['in a cookie among garbage', `Cookie: ;;=;%%;\xff;${COOKIE}=${VIEWER_TOKEN};=\r\n`],
  ])('are let in with the token %s', async (_what, headers) => {
    const { port } = await start(platform);
    expect(statusOf(await answerTo(port, request('/_traces/', { headers })))).toBe(200);
  });

  it('get no cookie that the target could change', async () => {
    const { port } = await start(platform);
    for (const target of [
      `/_traces/?token=${VIEWER_TOKEN}&path=;Domain=evil.example`,
      `/_traces/../_traces/?token=${VIEWER_TOKEN}`,
      `/_traces/;Domain=evil.example/../?token=${VIEWER_TOKEN}`,
    ]) {
      const answer = await answerTo(port, request(target));
      const cookies = [...answer.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, cookie]) => cookie);
      const plain = `${COOKIE}=${VIEWER_TOKEN}; `;
      expect(cookies).toEqual([
        `${plain}Path=/_traces; HttpOnly; SameSite=Strict`,
        `${plain}HttpOnly; SameSite=Strict`,
      ]);
      expect(answer).toMatch(/^location: \.\/\r$/im);
    }
  });
});
