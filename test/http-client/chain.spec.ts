import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { Line } from '../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../support/service-process.js';

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

/** What all services wrote, once each has that many access log lines, and each trace is whole. */
async function linesAfter(finishes: number, ...traceIds: readonly string[]): Promise<Line[]> {
  for (const service of services) await service.linesOf('Request finished', finishes);
  const lines = (): Line[] => services.flatMap((service) => service.lines);
  await untilTrees(lines, ...traceIds);
  return lines();
}

describe('three services', () => {
  it.each(CLIENTS)('share one trace, and their spans are one tree: %s', async (via) => {
    const requestId = `req-${via.replace(/\W/g, '-')}`;
    const ids = await ask(via, 1, { 'x-request-id': requestId, 'x-session-id': 'session-1' });
    const own = { traceId: requestId, requestId, sessionId: 'session-1' };
    expect(ids).toEqual([own, own, own]);

    const lines = await linesAfter(1, requestId);
    const mine = lines.filter(({ trace_id: id }) => id === requestId);
    expect(mine.filter(({ message }) => message === 'Request finished')).toHaveLength(3);
    expect(mine.filter(({ message }) => message === 'Span finished')).toHaveLength(2);
    expect(mine.filter(({ message }) => /^(?:before|after) 1$/.test(message))).toHaveLength(6);
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
    const lines = await linesAfter(200, ...answers.map((_, n) => `many-${n}`));
    const said = lines.filter(({ message }) => /^(?:before|after) \d+$/.test(message));
    expect(said).toHaveLength(1200);
    for (const { message, request_id: id, session_id: session } of said) {
      const n = message.split(' ')[1];
      expect([id, session]).toEqual([`many-${n}`, `session-${n}`]);
    }
  }, 30_000);
});
