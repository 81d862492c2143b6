import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { ViewRecord } from '../../../src/viewer/view-records.js';
import { RecordFilter } from '../../../src/viewer/search/filter.js';
import { DropCounts } from '../../../src/viewer/store/drop-counts.js';
import { exportOf } from '../../../src/viewer/page/export/html-export.js';
import { StoreContents, traceIdOf } from '../../../src/viewer/store/store-contents.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { waterfallOf } from '../../../src/viewer/waterfall/waterfall.js';
import { START } from '../view-records.js';

// Few values, so that records have to do with each other.
const anyNumber = fc.double({ noNaN: true, min: -1e15, max: 1e15 });
const service = fc.constantFrom('shop', 'ledger');
const trace = fc.constantFrom('a', 'b');
/** One that is removed again soon. */
const anyTrace = fc.oneof({ arbitrary: trace, weight: 4 }, fc.string({ maxLength: 2 }));
// The span of a request is not sent as a span as well.
const innerSpan = fc.constantFrom('1', '2', '3', '4', '5');
const requestSpan = fc.constantFrom('6', '7', '8', '9');
const span = fc.oneof(innerSpan, requestSpan);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const time = fc.oneof(
  fc.integer({ min: 0, max: 100 }).map((at) => START + at / 4),
  anyNumber,
);
const durationMs = maybe(fc.oneof(fc.integer({ min: 0, max: 50 }), anyNumber));
const key = fc.constantFrom('k0', 'k1', 'k2', 'k3', 'k4', 'k5');
const requestId = maybe(fc.constantFrom('req-001', 'req-002'));
const sessionId = maybe(fc.constantFrom('alice', 'bob'));

const aSpan = fc.record({
  type: fc.constant('span' as const),
  service,
  w3cTraceId: anyTrace,
  spanId: maybe(innerSpan),
  parentSpanId: maybe(span),
  name: fc.string(),
  kind: fc.constant('internal' as const),
  startedAt: time,
  durationMs,
  count: maybe(fc.constant(21)),
});

/** The same key has the same ids, so that a request is sent again. */
const identity = fc.nat({ max: 5 }).map((n) => ({
  key: `k${n}`,
  service: n % 2 === 0 ? 'shop' : 'ledger',
  w3cTraceId: n < 4 ? 'a' : 'b',
  requestId: [undefined, 'req-001', 'req-002'][n % 3],
  spanId: `${6 + (n % 4)}`,
}));
/** As a broken or hostile teller has it. */
const brokenIdentity = fc.record({
  key,
  service,
  w3cTraceId: trace,
  requestId,
  spanId: requestSpan,
});

const aRequest = fc
  .record({
    type: fc.constant('request' as const),
    identity: fc.oneof({ arbitrary: identity, weight: 4 }, brokenIdentity),
    kind: fc.constantFrom('request' as const, 'job' as const),
    traceId: fc.string(),
    sessionId,
    parentSpanId: maybe(span),
    startedAt: time,
    method: maybe(fc.string()),
    path: maybe(fc.string()),
    outcome: maybe(fc.constantFrom('completed' as const, 'errored' as const, 'aborted' as const)),
    durationMs,
    spans: maybe(fc.array(aSpan, { maxLength: 4 })),
  })
  .map(({ identity, ...overrides }) => ({ ...overrides, ...identity }));

const aRecord: fc.Arbitrary<ViewRecord> = fc.oneof(
  aSpan,
  aRequest,
  fc.record({
    type: fc.constant('line' as const),
    key: maybe(key),
    service,
    time,
    level: fc.oneof(fc.string(), fc.constantFrom('info', 'error')),
    message: fc.string(),
    w3cTraceId: maybe(anyTrace),
    traceId: maybe(trace),
    requestId,
    sessionId,
    spanId: maybe(span),
    fields: maybe(fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<unknown>)),
  }),
  fc.record({
    type: fc.constant('drops' as const),
    requests: fc.nat(),
    lines: fc.nat(),
    spans: fc.nat(),
  }),
);
const batches = fc.array(fc.array(aRecord, { maxLength: 12 }), { maxLength: 6 });

function isInOrder(times: readonly number[]): boolean {
  return times.every((time, index) => index === 0 || times[index - 1]! <= time);
}

describe('any records, in any order', () => {
  it('each line is among the lines of its request, and of no other', () => {
    fc.assert(
      fc.property(batches, (batches) => {
        const store = new ViewStore();
        for (const batch of batches) {
          store.add(batch);
          const owned = store.requests.flatMap((request) =>
            store.linesOf(request).map((line) => ({ request, line })),
          );
          expect(new Set(owned.map(({ line }) => line)).size).toBe(owned.length);
          for (const { request, line } of owned) expect(store.requestOf(line)).toBe(request);
          expect(store.lines.filter((line) => store.requestOf(line) !== undefined)).toHaveLength(
            owned.length,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('the request of a line does not depend on when the store was read', () => {
    fc.assert(
      fc.property(batches, (batches) => {
        const [watched, unwatched] = [new ViewStore(), new ViewStore()];
        for (const batch of batches) {
          watched.add(batch);
          for (const line of watched.lines) watched.requestOf(line);
          unwatched.add(batch);
        }
        const ownersIn = (store: ViewStore) =>
          store.lines.map((line) => store.requestOf(line)?.record.key);
        expect(ownersIn(watched)).toEqual(ownersIn(unwatched));
      }),
      { numRuns: 500 },
    );
  });

  it('the lists are in order, and sessions and services count right', () => {
    fc.assert(
      fc.property(batches, (batches) => {
        const store = new ViewStore();
        for (const batch of batches) store.add(batch);
        const { requests, lines, sessions, services } = store;
        expect(isInOrder(lines.map(({ record }) => record.time))).toBe(true);
        const counted = sessions.map(
          ({ id }) => requests.filter(({ record }) => record.sessionId === id).length,
        );
        expect(sessions.map((session) => session.requests)).toEqual(counted);
        const all = [...requests, ...lines].map(({ record }) => record.service);
        expect(new Set(services)).toEqual(new Set(all));
      }),
    );
  });

  it('can be drawn, searched and exported, and the export shows the same', () => {
    const search = fc.constantFrom('', 'a', 'req-001', 'k');
    fc.assert(
      fc.property(batches, search, fc.option(time), (batches, text, now) => {
        const store = new ViewStore();
        for (const batch of batches) store.add(batch);
        const filter = { text, level: 'error', status: '2xx', slowerThanMs: 5 } as const;
        const matching = new RecordFilter(store, filter);
        for (const line of store.lines) matching.isMatchingLine(line);
        for (const request of store.requests) {
          matching.isMatchingRequest(request);
          const waterfall = waterfallOf(store, request, now ?? undefined);
          expect(waterfall.rows.some((row) => row.request === request)).toBe(true);
          expect(waterfall.durationMs).toBeGreaterThanOrEqual(0);
          for (const row of waterfall.rows) {
            expect(row.offsetMs).toBeGreaterThanOrEqual(0);
            expect(row.durationMs ?? 0).toBeGreaterThanOrEqual(0);
            for (const gap of row.selfGaps) expect(gap.durationMs).toBeGreaterThan(0);
          }
        }
        const copy = new ViewStore();
        copy.add(exportOf(store, store.requests, 'test', store.lines).records);
        expect(copy.lines.map(({ record }) => record)).toEqual(
          store.lines.map(({ record }) => record),
        );
        // One that was sent with another start when it ended keeps its place here, not there.
        expect(new Set(copy.requests.map(({ record }) => record))).toEqual(
          new Set(store.requests.map(({ record }) => record)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('never exceeds its limits, and keeps nothing of what was dropped', () => {
    const limits = { requests: 3, lines: 5, spans: 6, spansPerTrace: 4 };
    fc.assert(
      fc.property(fc.array(batches, { minLength: 1, maxLength: 3 }), (rounds) => {
        const drops = new DropCounts();
        const contents = new StoreContents(limits, drops, 0);
        for (const batch of rounds.flat()) {
          contents.add(batch.filter(({ type }) => type !== 'drops'));
          const traces = [...contents.traces['traces'].values()];
          for (const trace of traces) trace.assignLines();
          expect(contents.requests.length).toBeLessThanOrEqual(limits.requests);
          expect(contents.lines.length).toBeLessThanOrEqual(limits.lines);
          const ownSpans = contents.requests.flatMap(({ record }) => record.spans ?? []);
          const spans = traces.flatMap((trace) => [...trace.spans]);
          expect(ownSpans.length + spans.length).toBeLessThanOrEqual(limits.spans);
          expect(contents['spans']['count']).toBe(ownSpans.length + spans.length);
          for (const trace of traces) {
            expect(trace.spans.size).toBeLessThanOrEqual(limits.spansPerTrace);
            expect(trace['requestsById'].size).toBeLessThanOrEqual(trace.requests.size);
          }
          const slots = new Set([...contents.requests, ...contents.lines].map(({ slot }) => slot));
          slots.delete(undefined);
          expect(new Set(contents['slots'].values())).toEqual(slots);
          const { length: queued } = contents['spans']['arrived'];
          expect(queued).toBeLessThanOrEqual(2 * (spans.length + contents.requests.length));
          const traceIds = new Set(contents.lines.map(({ record }) => traceIdOf(record)));
          for (const [id, { isNeeded, spans }] of contents.traces['traces']) {
            expect(isNeeded || spans.size > 0 || traceIds.has(id)).toBe(true);
          }
          expect(contents.bySpanId.size).toBeLessThanOrEqual(limits.requests);
          expect(traces.flatMap(({ requests }) => [...requests])).toHaveLength(
            contents.requests.length,
          );
        }
        const lines = rounds.flat(2).filter(({ type }) => type === 'line');
        expect(drops.total.lines).toBe(lines.length - contents.lines.length);
      }),
      { numRuns: 200 },
    );
  });
});
