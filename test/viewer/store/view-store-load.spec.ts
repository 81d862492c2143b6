import { describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ViewRecord } from '../../../src/viewer/view-records.js';
import { RecordFilter } from '../../../src/viewer/search/filter.js';
import { MAX_LINES, MAX_REQUESTS, ViewStore } from '../../../src/viewer/store/view-store.js';
import { waterfallOf } from '../../../src/viewer/waterfall/waterfall.js';
import { aLine, aRequest, aRunningRequest, aSpan, spanId } from '../view-records.js';

const LINES_EACH = 10;

/** A request of this application, with its lines and spans. */
function localRequest(n: number): ViewRecord[] {
  const key = `run-${n}`;
  const w3cTraceId = n.toString(16).padStart(32, '0');
  const ids = { w3cTraceId, requestId: key, sessionId: `session ${n % 300}`, spanId: spanId(n) };
  const lines = Array.from({ length: LINES_EACH }, (_, m) =>
    aLine(`line ${m} of ${n}`, { key, at: n + m / 100, fields: { n, m }, ...ids }),
  );
  const spans = [aSpan(`a${n}`, { w3cTraceId, at: n, parentSpanId: spanId(n) })];
  return [
    aRunningRequest(key, { at: n, ...ids }),
    ...lines,
    aRequest(key, { at: n, spans, ...ids }),
  ];
}

/** One of another service, of which everything comes by itself, the request last. */
function remoteRequest(n: number): ViewRecord[] {
  const w3cTraceId = n.toString(16).padStart(32, 'f');
  const service = `service ${n % 50}`;
  const inSpan = { service, w3cTraceId, spanId: spanId(`b${n}`) };
  return [
    ...Array.from({ length: LINES_EACH }, (_, m) =>
      aLine(`line ${m} of ${n}`, { at: n, ...inSpan }),
    ),
    aSpan(`b${n}`, { at: n, service, w3cTraceId, parentSpanId: spanId(`c${n}`) }),
    aRequest(`remote ${n}`, { at: n, service, w3cTraceId, spanId: spanId(`c${n}`) }),
  ];
}

function* batchesOf(from: number, to: number, size: number): Generator<ViewRecord[]> {
  for (let n = from; n < to; n += size) {
    yield Array.from({ length: size }, (_, m) =>
      m % 2 === 0 ? localRequest(n + m) : remoteRequest(n + m),
    ).flat();
  }
}

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** The shortest of some runs, milliseconds: others work on this machine too. */
function shortest(runs: number, run: () => void): number {
  return Math.min(
    ...Array.from({ length: runs }, () => {
      const startedMs = performance.now();
      run();
      return performance.now() - startedMs;
    }),
  );
}

describe('a full page', () => {
  const store = new ViewStore();
  for (const batch of batchesOf(0, MAX_REQUESTS, 20)) store.add(batch);

  it('holds what it says', () => {
    expect(store.requests).toHaveLength(MAX_REQUESTS);
    expect(store.lines).toHaveLength(MAX_LINES);
    expect(store.requests.every((request) => store.linesOf(request).length === LINES_EACH)).toBe(
      true,
    );
  });

  // Ten times what is measured, and still out of reach of what grows with the page.
  it('takes in a batch without looking at what it holds', () => {
    let next = MAX_REQUESTS;
    const batches = [...batchesOf(next, next + 400, 20)];
    next = 0;
    expect(shortest(batches.length, () => store.add(batches[next++]!))).toBeLessThan(5);
    expect(store.lines).toHaveLength(MAX_LINES);
  });

  it('is searched, and a request found with its lines, without a pause', () => {
    const filter = { text: 'no such text', level: 'info', status: '2xx' } as const;
    // The first search writes everything in lower case.
    const searchMs = shortest(3, () => {
      const ofText = new RecordFilter(store, { text: filter.text });
      for (const line of store.lines) ofText.isMatchingLine(line);
      const matching = new RecordFilter(store, filter);
      for (const request of store.requests) matching.isMatchingRequest(request);
    });
    expect(searchMs).toBeLessThan(300);
    const middle = store.requests[MAX_REQUESTS / 2]!;
    expect(shortest(5, () => store.linesOf(middle))).toBeLessThan(1);
    expect(shortest(5, () => waterfallOf(store, middle))).toBeLessThan(5);
  });

  it('does not grow in days', () => {
    const rounds = [1, 2].map((round) => {
      for (const batch of batchesOf(round * 20_000, (round + 1) * 20_000, 100)) store.add(batch);
      return usedBytes();
    });
    expect(rounds[1]! - rounds[0]!).toBeLessThan(4 * 1024 * 1024);
    expect(store.sessions.length).toBeLessThanOrEqual(300);
    expect(store.services.length).toBeLessThanOrEqual(51);
  });
});

describe('one endless trace', () => {
  it('does not grow, whether anybody looks or not', () => {
    const store = new ViewStore();
    const w3cTraceId = 'e'.repeat(32);
    const add = (round: number): number => {
      for (let batch = 0; batch < 100; batch++) {
        const at = round * 1e6 + batch * 1000;
        store.add(
          Array.from({ length: 1000 }, (_, n) => [
            aLine('without request', { at: at + n, w3cTraceId, spanId: spanId(`f${at + n}`) }),
            aLine('of one', { at: at + n, key: 'endless' }),
          ]).flat(),
        );
      }
      return usedBytes();
    };
    store.add([aRunningRequest('endless', { w3cTraceId })]);
    const rounds = [1, 2, 3].map(add);
    expect(rounds[2]! - rounds[1]!).toBeLessThan(2 * 1024 * 1024);
    expect(store.linesOf(store.requests[0]!)).toHaveLength(MAX_LINES / 2);
    expect(store.traceOf(store.requests[0]!).lines).toHaveLength(MAX_LINES);
  });
});
