import { describe, expect, it } from '@jest/globals';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { summarizeErrors } from '../../../src/viewer/summary/error-summary.js';
import { percentile } from '../../../src/viewer/summary/percentile.js';
import { summarizeRoutes } from '../../../src/viewer/summary/route-summary.js';
import { summarizeTraces } from '../../../src/viewer/summary/trace-summary.js';
import type { ViewRecord } from '../../../src/viewer/view-records.js';
import { aRequest, aRunningRequest, START } from '../view-records.js';

function requestsOf(records: readonly ViewRecord[]) {
  const store = new ViewStore();
  store.add(records);
  return store.requests;
}

const USERS = { service: 'api', method: 'GET', route: '/users/:id' } as const;

describe('percentile', () => {
  it.each([
    [[], 0.5, undefined],
    [[7], 0.99, 7],
    [[1, 2], 0.5, 1],
    [[1, 2, 3, 4], 0.75, 3],
    [[1, 2, 3, 4], 0.76, 4],
  ])('of %j at %d is %s', (values, share, expected) => {
    expect(percentile(values, share)).toBe(expected);
  });
});

describe('routes', () => {
  it('have their requests, failures, rate and latencies', () => {
    const all = Array.from({ length: 100 }, (_, i) =>
      aRequest(`u${i}`, {
        ...USERS,
        path: `/users/${i}`,
        startedAt: START + i * 100,
        duration_ms: i + 1,
        status_code: i === 3 ? 500 : i === 4 ? 404 : 200,
        outcome: i === 3 ? 'errored' : 'completed',
      }),
    );
    const [users, lone] = summarizeRoutes(
      requestsOf([...all, aRunningRequest('lone', { ...USERS, service: 'other' })]),
    );
    expect(users).toMatchObject({
      service: 'api',
      name: 'GET /users/:id',
      requests: 100,
      failed: 1,
      refused: 1,
      aborted: 0,
      running: 0,
      p50: 50,
      p95: 95,
      p99: 99,
    });
    expect(users!.perSecond).toBeCloseTo(100 / 9.9);
    expect(users!.slowest?.record.key).toBe('u99');
    expect(lone).toMatchObject({ requests: 1, running: 1, p50: undefined, perSecond: undefined });
  });
});

describe('errors', () => {
  it('are grouped by their id, the latest first', () => {
    const failed = { ...USERS, outcome: 'errored', status_code: 500 } as const;
    const errors = summarizeErrors(
      requestsOf([
        aRequest('1', {
          ...failed,
          error_id: 'aaaa',
          error: 'TypeError: one\n    at x',
          sessionId: 's1',
        }),
        aRequest('2', { ...failed, error_id: 'bbbb', error: 'Error: two', startedAt: START + 1 }),
        aRequest('3', {
          ...failed,
          error_id: 'aaaa',
          error: 'TypeError: three',
          startedAt: START + 2,
          sessionId: 's2',
        }),
        aRequest('4', { ...failed, error: undefined, startedAt: START + 3 }),
        aRequest('5', { ...USERS, status_code: 404, outcome: 'completed' }),
      ]),
    );
    expect(errors.map(({ title, requests, sessions }) => [title, requests, sessions])).toEqual([
      ['HTTP 500', 1, 0],
      ['TypeError: three', 2, 2],
      ['Error: two', 1, 0],
    ]);
    expect(errors[1]).toMatchObject({ errorId: 'aaaa', firstAt: START, lastAt: START + 2 });
    expect(errors[1]!.latest.record.key).toBe('3');
  });
});

describe('traces', () => {
  it('have their root, whatever the clocks say, all services, and the time in all', () => {
    const trace = { w3cTraceId: 'f'.repeat(32) };
    const [first] = summarizeTraces(
      requestsOf([
        aRequest('root', {
          ...trace,
          service: 'a',
          spanId: '1'.repeat(16),
          parentSpanId: undefined,
          startedAt: START + 5,
          duration_ms: 100,
        }),
        aRequest('call', {
          ...trace,
          service: 'b',
          spanId: '2'.repeat(16),
          parentSpanId: '1'.repeat(16),
          startedAt: START,
          duration_ms: 50,
          outcome: 'errored',
          status_code: 500,
        }),
      ]),
    );
    expect(first).toMatchObject({
      services: ['b', 'a'],
      durationMs: 105,
      failed: 1,
      startedAt: START,
    });
    expect(first!.root.record.key).toBe('root');
    expect(first!.requests.map(({ record }) => record.key)).toEqual(['call', 'root']);
  });

  it('have no duration while a request runs', () => {
    expect(summarizeTraces(requestsOf([aRunningRequest('1')]))[0]!.durationMs).toBeUndefined();
  });
});
