import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { ViewSpan } from '../../../src/viewer/view-records.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import {
  criticalPath,
  criticalPathText,
  type CriticalPath,
} from '../../../src/viewer/waterfall/critical-path.js';
import { waterfallOf } from '../../../src/viewer/waterfall/waterfall.js';
import { aRequest, aSpan, spanId } from '../view-records.js';

/** The name of a span, when it ran, and the span that it ran in: the request, unless it says so. */
type Drawn = readonly [name: string, from: number, to: number | undefined, parent?: string];

function pathOf(spans: readonly Drawn[], durationMs = 100): CriticalPath {
  const names = spans.map(([name]) => name);
  const idOf = (index: number): string => (index + 2).toString(16);
  const records = spans.map(([name, at, to, parent], index): ViewSpan => {
    const inside = parent === undefined ? '1' : idOf(names.indexOf(parent));
    const duration_ms = to === undefined ? undefined : to - at;
    return aSpan(idOf(index), { at, name, duration_ms, parentSpanId: spanId(inside) });
  });
  const store = new ViewStore();
  store.add([aRequest('1', { duration_ms: durationMs, spans: records })]);
  return criticalPath(waterfallOf(store, store.requests[0]!));
}

function drawn({ segments }: CriticalPath): string[] {
  return segments.map(
    ({ row, offsetMs, durationMs }) => `${row.name} ${offsetMs}-${offsetMs + durationMs}`,
  );
}

describe('criticalPath', () => {
  it('goes through what was waited for, and through nothing that ran beside it', () => {
    const path = pathOf([
      ['validate', 10, 20],
      ['charge', 20, 90],
      ['gateway', 30, 80, 'charge'],
      ['audit', 25, 60],
    ]);
    expect(drawn(path)).toEqual([
      'GET / 0-10',
      'validate 10-20',
      'charge 20-30',
      'gateway 30-80',
      'charge 80-90',
      'GET / 90-100',
    ]);
    expect(path.share).toBe(0.5);
    expect(criticalPathText(path)).toBe('GET / → charge → gateway, 50 % of the time (50 ms)');
  });

  it('sums up siblings of one name: it finds the many queries of one request', () => {
    const path = pathOf([0, 1, 2, 3, 4, 5, 6, 7].map((n) => ['query', n * 11, n * 11 + 10]));
    expect(criticalPathText(path)).toBe('GET / → query ×8, 80 % of the time (80 ms)');
  });

  it('counts of overlapping siblings only what comes before the next one', () => {
    expect(
      drawn(
        pathOf([
          ['a', 0, 60],
          ['b', 40, 100],
        ]),
      ),
    ).toEqual(['a 0-40', 'b 40-100']);
  });

  it('is the request itself when no span takes most of its time', () => {
    expect(criticalPathText(pathOf([['short', 0, 20]]))).toBe(
      'GET / itself, 80 % of the time (80 ms)',
    );
  });

  it('leaves out what was not waited for, and what came after the end', () => {
    expect(
      drawn(
        pathOf([
          ['background', 10, undefined],
          ['late', 100, 200],
          ['overflowing', 90, 150],
        ]),
      ),
    ).toEqual(['GET / 0-90', 'overflowing 90-100']);
  });

  it('is empty without rows, and has no share without time', () => {
    expect(criticalPathText(criticalPath({ rows: [] }))).toBe('');
    expect(pathOf([], 0).share).toBe(0);
  });

  it('follows a trace deeper than the stack, and says it in few words', () => {
    const path = pathOf(
      Array.from({ length: 9000 }, (_, n) => [
        `s${n}`,
        0,
        100,
        ...(n === 0 ? [] : ([`s${n - 1}`] as const)),
      ]) as readonly Drawn[],
    );
    expect(criticalPathText(path)).toMatch(/^GET \/ → s0 → … → s\d+ → s\d+ → s\d+, 100 % /);
  });

  it('is as long as its root, without gaps and overlaps, for any spans', () => {
    const time = fc.integer({ min: -20, max: 130 });
    const span = fc.record({ at: time, length: fc.nat(80), inside: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(span, { maxLength: 10 }), (spans) => {
        const path = pathOf(
          spans.map(({ at, length, inside }, n) => [
            `s${n}`,
            at,
            at + length,
            ...(inside < n ? ([`s${inside}`] as const) : []),
          ]) as readonly Drawn[],
        );
        let end = path.segments[0]!.offsetMs;
        let total = 0;
        for (const { offsetMs, durationMs } of path.segments) {
          expect(offsetMs).toBeCloseTo(end, 6);
          expect(durationMs).toBeGreaterThan(0);
          end = offsetMs + durationMs;
          total += durationMs;
        }
        expect(total).toBeCloseTo(path.steps[0]!.durationMs, 6);
      }),
    );
  });
});
