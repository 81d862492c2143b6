import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { Line } from '../support/line-sink.js';
import { flawsOfTree, ServiceProcess } from '../support/service-process.js';

const FILE = join(process.cwd(), 'test/http-client/chain-service.ts');
const CLIENTS = ['fetch', 'undici', 'http', 'axios', '@nestjs/axios', 'got', 'headers by hand'];

let services: ServiceProcess[] = [];

beforeAll(async () => {
  services = await Promise.all([1, 2, 3].map(() => ServiceProcess.start(FILE)));
}, 60_000);

afterAll(() => Promise.all(services.map((service) => service.stop())));

/** Calls the first service, which calls the second, which calls the third. */
async function ask(via: string, n: number, headers: Record<string, string>): Promise<unknown[]> {
  const [first, ...others] = services.map(({ ready }) => String(ready['port']));
  const query = new URLSearchParams({ via, n: String(n), ports: others.join() }).toString();
  const response = await fetch(`http://127.0.0.1:${first}/?${query}`, { headers });
  return (await response.json()) as unknown[];
}

/** What all services wrote, once each has that many access log lines. */
async function linesAfter(finishes: number): Promise<Line[]> {
  for (const service of services) await service.linesOf('Request finished', finishes);
  return services.flatMap(({ lines }) => lines);
}

let finished = 0;

describe('three services', () => {
  it.each(CLIENTS)('share one trace, and their spans are one tree: %s', async (via) => {
    const requestId = `req-${via.replace(/\W/g, '-')}`;
    const ids = await ask(via, 1, { 'x-request-id': requestId, 'x-session-id': 'session-1' });
    const own = { traceId: requestId, requestId, sessionId: 'session-1' };
    expect(ids).toEqual([own, own, own]);

    const lines = await linesAfter(++finished);
    const mine = lines.filter(({ trace_id: id }) => id === requestId);
    expect(mine.filter(({ message }) => message === 'Request finished')).toHaveLength(3);
    expect(mine.filter(({ message }) => message === 'Span finished')).toHaveLength(2);
    expect(mine.filter(({ message }) => /^(?:before|after) 1$/.test(message))).toHaveLength(6);
    expect(flawsOfTree(lines, requestId)).toEqual([]);
  });

  it('keep 200 interleaved requests apart', async () => {
    const asked = Array.from({ length: 200 }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n % 11));
      const headers = { 'x-request-id': `many-${n}`, 'x-session-id': `session-${n}` };
      return ask(CLIENTS[n % CLIENTS.length]!, n, headers);
    });
    const answers = await Promise.all(asked);
    for (const [n, answer] of answers.entries()) {
      const own = { traceId: `many-${n}`, requestId: `many-${n}`, sessionId: `session-${n}` };
      expect(answer).toEqual([own, own, own]);
    }
    finished += 200;
    const lines = (await linesAfter(finished)).filter(({ trace_id: id }) => id.startsWith('many-'));
    const said = lines.filter(({ message }) => /^(?:before|after) \d+$/.test(message));
    expect(said).toHaveLength(1200);
    for (const { message, request_id: id, session_id: session } of said) {
      const n = message.split(' ')[1];
      expect([id, session]).toEqual([`many-${n}`, `session-${n}`]);
    }
    for (let n = 0; n < 200; n++) expect(flawsOfTree(lines, `many-${n}`)).toEqual([]);
  }, 30_000);
});
