import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Param } from '@nestjs/common';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { TraceViewerModule } from '../../../src/viewer/index.js';
import { hubToken } from '../../../src/viewer/server/hub/hub-place.js';
import { tracedApp } from '../../support/traced-app.js';
import { fileOf, logOf, pathOf, run } from '../cli.js';

const HOSTILE = '\u001b]0;owned\u0007\u202e\r';
// eslint-disable-next-line no-control-regex -- These are what it must not have.
const DRIVES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

@Controller()
class ItemController {
  @Get('items/:id')
  item(@Param('id') id: string): string {
    new Logger('Items').warn(`looking for ${id}${HOSTILE}`);
    if (id === 'bad') throw new TypeError(`no item${HOSTILE}`);
    return id;
  }
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function urlOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/_traces`;
}

describe('the commands that ask for what was recorded', () => {
  it('ask a running application, as text and as JSON', async () => {
    const { url } = await tracedApp('express')
      .of({ imports: [TraceViewerModule.forRoot()], controllers: [ItemController] })
      .start();
    await fetch(`${url}/items/good`);
    await fetch(`${url}/items/bad`);
    const ask = (...args: string[]) => run([...args, '--url', `${url}/_traces`]);
    const listed = await ask('requests', '--json', '--errors', '--since', '5m');
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    const { data } = JSON.parse(listed.stdout) as { data: { requests: { id: string }[] } };
    expect(data.requests).toMatchObject([{ title: 'GET /items/bad', status_code: 500 }]);
    const { id } = data.requests[0]!;
    const shown = await ask('show', id);
    expect(shown.stdout).toContain('GET /items/bad: errored 500');
    expect(shown.stdout).toContain('[Items] looking for bad');
    const errors = await ask('errors');
    expect(errors.stdout).toContain(`TypeError: no item`);
    const none = await ask('lines', '--search', 'nothing-like-it');
    expect(none).toMatchObject({ code: 1, stdout: '' });
    for (const { stdout } of [listed, shown, errors]) expect(stdout).not.toMatch(DRIVES);
  });

  it('find the token of a viewer that several processes share', async () => {
    const tokens: (string | undefined)[] = [];
    const url = await urlOf(({ headers }, response) => {
      tokens.push(headers.authorization);
      const isRight = headers.authorization === `Bearer ${hubToken(tmpdir())}`;
      response.writeHead(isRight ? 200 : 401, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify({ result: { structuredContent: { data: { requests: [] }, notes: [] } } }),
      );
    });
    expect(await run(['requests', '--url', url, '--json'])).toMatchObject({ stderr: '' });
    expect(new Set(tokens).size).toBe(2);
    const refused = await run(['requests', '--url', url, '--token', 'mine']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('needs its token') });
    expect(tokens).toHaveLength(3);
  });

  it('read a log file in the same way', async () => {
    const at = { timestamp: '2026-01-15T10:30:15.000Z', service: 'shop', trace_id: 't' };
    const finished = { level: 'info', message: 'Request finished', method: 'GET', path: '/' };
    const file = fileOf(
      'queries.log',
      logOf([
        { ...at, level: 'warn', message: `slow${HOSTILE}`, request_id: 'r-1' },
        { ...at, ...finished, request_id: 'r-1', status_code: 503, duration_ms: 700 },
        { ...at, ...finished, request_id: 'r-2', status_code: 200, duration_ms: 7 },
      ]),
    );
    const slow = await run(['requests', '--search', 'duration:>400', '--file', file]);
    expect(slow).toMatchObject({ code: 0, stdout: expect.stringContaining('503') });
    expect(slow.stdout).not.toContain('200');
    const compared = await run(['compare', 'r-2', 'r-1', '--json', '--file', file]);
    expect(JSON.parse(compared.stdout)).toMatchObject({ data: { duration_change_ms: 693 } });
    expect(compared.stdout).not.toMatch(DRIVES);
    expect(await run(['show', 'r-9', '--file', file])).toMatchObject({ code: 1 });
    expect(await run(['lines', '--since', 'whenever'])).toMatchObject({ code: 2 });
    expect(await run(['wait', '--file', file])).toMatchObject({ code: 2 });
  });

  it('trust no page that they ask', async () => {
    let asked = 0;
    const thief = await urlOf((_request, response) => {
      asked++;
      response.end();
    });
    const redirecting = await urlOf((_request, response) => {
      response.writeHead(307, { Location: thief }).end();
    });
    const endless = await urlOf((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const drawing = await urlOf((_request, response) => {
      const requests = [{ id: HOSTILE, title: HOSTILE, error: HOSTILE, at: HOSTILE }, null, 7];
      const structuredContent = { data: { requests }, cut: { left: { [HOSTILE]: HOSTILE } } };
      response.end(JSON.stringify({ result: { structuredContent } }));
    });
    for (const [url, code] of [
      [redirecting, 1],
      [endless, 1],
      [drawing, 0],
    ] as const) {
      const { stdout, stderr, ...ended } = await run(['requests', '--url', url]);
      expect([ended.code, stdout.match(DRIVES), stderr.match(DRIVES)]).toEqual([code, null, null]);
    }
    expect(asked).toBe(0);
    expect(await run(['requests', '--url', 'http://shop.example/_traces'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--token'),
    });
  });

  it('write a skill for agents, and replace none', async () => {
    const dir = pathOf('skills');
    const first = await run(['agent', 'init', '--dir', dir]);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('Bearer') });
    const file = `${dir}/nestjs-tracing/SKILL.md`;
    expect(readFileSync(file, 'utf8')).toContain('npx nestjs-tracing show <id> --json');
    expect(await run(['agent', 'init', '--dir', dir])).toMatchObject({ code: 2 });
    expect(await run(['agent', 'init', '--dir', dir, '--force'])).toMatchObject({ code: 0 });
  });
});
