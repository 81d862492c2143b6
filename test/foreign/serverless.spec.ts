import { beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { ServiceProcess } from '../support/service-process.js';
import type { Line } from '../support/line-sink.js';
import { adaptersOf, type Platform } from './serverless-adapters.js';
import type { AdapterResult } from './serverless-service.js';

// A process of its own for each platform: on Node 20, Jest cannot load what `inject` needs.

/** What is right for each kind of call; see `callOf` in serverless-service.ts. */
const RIGHT = [
  { method: 'POST', path: '/orders', route: '/orders', status_code: 201, outcome: 'completed' },
  { method: 'GET', path: '/orders/fails', status_code: 500, outcome: 'errored' },
  { method: 'GET', path: '/orders/streamed', status_code: 200, outcome: 'completed' },
  { method: 'GET', path: '/nowhere', status_code: 404, outcome: 'completed' },
  { method: 'GET', route: '/orders/:id', status_code: 200, outcome: 'completed' },
];

const platforms: Platform[] = ['express', 'fastify'];

describe.each(platforms)('serverless adapters and mocks on %s', (platform) => {
  let lines: Line[] = [];
  let ready: Record<string, unknown> = {};

  beforeAll(async () => {
    const service = await ServiceProcess.start('test/foreign/serverless-service.ts', {
      PLATFORM: platform,
    });
    ({ ready } = service);
    await once(service.child, 'close');
    ({ lines } = service);
  }, 120_000);

  describe.each(Object.entries(adaptersOf(platform)))('%s', (name, { key }) => {
    const ids = Array.from({ length: 200 }, (_, index) => `${key}-${index}`);
    const result = (): AdapterResult => (ready['results'] as Record<string, AdapterResult>)[name]!;
    const own = (): Line[] =>
      lines.filter(({ request_id: id }) => id.slice(0, id.lastIndexOf('-')) === key);

    it('writes one access log line for each of 200 overlapping requests, with the right end', () => {
      const finished = own().filter(({ message }) => message === 'Request finished');
      expect(finished.map(({ request_id }) => request_id).toSorted()).toEqual(ids.toSorted());
      for (const line of finished) {
        const right = RIGHT[Number(line.request_id.split('-').at(-1)) % RIGHT.length];
        expect(line).toMatchObject({ ...right, trace_id: line.request_id });
      }
    });

    it('gives each line the ids of its request', () => {
      const named = own().filter(({ message }) => message.includes(`${key}-`));
      // Two for each order that is created, and two for each that is found.
      expect(named).toHaveLength(160);
      for (const { message, request_id: id, trace_id } of named) {
        expect(message.split(' ')[1]).toBe(id);
        expect(trace_id).toBe(id);
      }
      expect(own().filter(({ message }) => message === 'fails')).toHaveLength(40);
    });

    it('answers with the ids of the request', () => {
      const { answers } = result();
      expect(Object.keys(answers).toSorted()).toEqual(ids.toSorted());
      for (const [id, { status, headers }] of Object.entries(answers)) {
        const right = RIGHT[Number(id.split('-').at(-1)) % RIGHT.length]!;
        const lowerCase = Object.fromEntries(
          Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]),
        );
        expect([status, lowerCase['x-request-id'], lowerCase['x-trace-id']]).toEqual([
          right.status_code,
          id,
          id,
        ]);
      }
    });

    it('counts as active only what was not answered, and nothing after the close', () => {
      const { active, activeAfterClose, closeMs } = result();
      expect([active, activeAfterClose]).toEqual([1, 0]);
      // The close waits for no request that will never end.
      expect(closeMs).toBeLessThan(2000);
    });
  });

  it('writes no line without an id within a request', () => {
    const lost = lines.filter(
      ({ context, request_id: id }) => context === 'Orders' && !/-(?:\d+|never)$/.test(id),
    );
    expect(lost).toEqual([]);
  });

  it("restores Node's prototypes, though requests were never answered", () => {
    expect(ready['isRestored']).toBe(true);
  });
});
