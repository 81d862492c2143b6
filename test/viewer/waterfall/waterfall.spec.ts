import { describe, expect, it } from '@jest/globals';
import type { ViewRecord } from '../../../src/viewer/view-records.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { waterfallOf, type Waterfall } from '../../../src/viewer/waterfall/waterfall.js';
import {
  aLine,
  aRequest,
  aRunningRequest,
  aSpan,
  spanId,
  START,
  TRACE_ID,
} from '../view-records.js';

/** That of the first request. */
function waterfall(records: readonly ViewRecord[], now?: number): Waterfall {
  const store = new ViewStore();
  store.add(records);
  const key = records.find((record) => record.type === 'request')!.key;
  const request = store.requests.find(({ record }) => record.key === key)!;
  return waterfallOf(store, request, now);
}

/** Rows as a person would draw them: inset, name, from and to. */
function drawn({ rows }: Waterfall): string[] {
  return rows.map(
    ({ depth, name, offsetMs, durationMs = '?' }) =>
      `${'- '.repeat(depth)}${name} ${offsetMs}+${durationMs}`,
  );
}

const child = (id: string, parent: string, overrides: Parameters<typeof aSpan>[1] = {}) =>
  aSpan(id, { name: id, parentSpanId: spanId(parent), ...overrides });

describe('the rows', () => {
  it('are the request and its spans, each below what it ran in, in the order of time', () => {
    const spans = [
      child('c', '1', { at: 60, duration_ms: 20 }),
      child('b', 'a', { at: 20, duration_ms: 10 }),
      child('a', '1', { at: 10, duration_ms: 40 }),
    ];
    expect(drawn(waterfall([aRequest('1', { path: '/pay', duration_ms: 100, spans })]))).toEqual([
      'GET /pay 0+100',
      '- a 10+40',
      '- - b 20+10',
      '- c 60+20',
    ]);
  });

  it('are those of the whole trace, across services', () => {
    const records = [
      aRequest('9', {
        at: 30,
        service: 'ledger',
        path: '/book',
        parentSpanId: spanId('a'),
        duration_ms: 20,
      }),
      child('d', '9', { at: 35, service: 'ledger', duration_ms: 5 }),
      aRequest('1', { duration_ms: 100, spans: [child('a', '1', { at: 20, duration_ms: 40 })] }),
      aRequest('other', { w3cTraceId: 'another' }),
    ];
    const result = waterfall(records);
    expect(drawn(result)).toEqual([
      'GET / 0+100',
      '- a 20+40',
      '- - GET /book 30+20',
      '- - - d 35+5',
    ]);
    expect(result).toMatchObject({
      startedAt: START,
      durationMs: 100,
      services: ['shop', 'ledger'],
    });
    expect(result.rows.map(({ kind }) => kind)).toEqual(['request', 'span', 'request', 'span']);
    expect(result.rows[2]!.request!.record.key).toBe('9');
    expect(result.rows[3]!.span!.spanId).toBe(spanId('d'));
  });

  it('are the same whichever of its requests is looked at', () => {
    const records = [aRequest('1'), aRequest('2', { at: 1, parentSpanId: spanId('1') })];
    expect(waterfall(records.toReversed())).toEqual(
      expect.objectContaining({ startedAt: START, services: ['shop'] }),
    );
    expect(drawn(waterfall(records.toReversed()))).toEqual(drawn(waterfall(records)));
  });

  it('are at the top when their parent is not known', () => {
    const records = [
      aRequest('1', { at: 5, parentSpanId: spanId('caller') }),
      child('orphan', 'gone', { at: 0 }),
      child('late', 'gone', { at: 20 }),
    ];
    expect(drawn(waterfall(records))).toEqual(['orphan 0+1', 'GET / 5+10', 'late 20+1']);
  });

  it('are below the request when a span of its own does not say', () => {
    const spans = [aSpan('a', { name: 'a', parentSpanId: undefined })];
    expect(drawn(waterfall([aRequest('1', { spans })]))).toEqual(['GET / 0+10', '- a 0+1']);
  });

  it('show a span once that is sent twice', () => {
    const spans = [child('a', '1')];
    expect(drawn(waterfall([aRequest('1', { spans }), child('a', '1'), child('1', '0')]))).toEqual([
      'GET / 0+10',
      '- a 0+1',
    ]);
  });

  it('show folded siblings as one, before those that are sent', () => {
    const spans = [
      child('query', '1', { at: 1, spanId: undefined, count: 25, duration_ms: 30 }),
      child('query', '1', { at: 1, duration_ms: 7 }),
    ];
    const { rows } = waterfall([aRequest('1', { spans })]);
    expect(rows.map(({ count, durationMs }) => ({ count, durationMs }))).toEqual([
      { count: undefined, durationMs: 10 },
      { count: 25, durationMs: 30 },
      { count: undefined, durationMs: 7 },
    ]);
  });

  it('do not last longer than the trace because of the sum of siblings that overlapped', () => {
    const spans = [
      child('query', '1', { at: 1, spanId: undefined, count: 25, duration_ms: 300 }),
      child('query', '1', { at: 1, duration_ms: 7 }),
    ];
    expect(waterfall([aRequest('1', { spans })]).durationMs).toBe(10);
  });

  it('show what failed', () => {
    const { rows } = waterfall([
      aRequest('1', {
        outcome: 'errored',
        spans: [child('a', '1', { failed: true }), child('b', '1')],
      }),
      aRequest('2', { at: 1, outcome: 'aborted' }),
    ]);
    expect(rows.map(({ isFailed }) => isFailed)).toEqual([true, true, false, false]);
  });

  it('have an end in a circle', () => {
    const records = [
      aRequest('1', { at: 9 }),
      child('a', 'b', { at: 0 }),
      child('b', 'c', { at: 2 }),
      child('c', 'a', { at: 3 }),
      child('itself', 'itself', { at: 4 }),
    ];
    expect(drawn(waterfall(records))).toEqual([
      'itself 4+1',
      'GET / 9+10',
      'a 0+1',
      '- c 3+1',
      '- - b 2+1',
    ]);
  });

  it('are indented by 30 levels at most, however many there are', () => {
    const spans = Array.from({ length: 20_000 }, (_, n) => child(`${n + 2}`, `${n + 1}`));
    const { rows } = waterfall([aRequest('1', { spans })]);
    expect(rows).toHaveLength(20_001);
    expect(rows.map(({ depth }) => depth)).toEqual(rows.map((_, n) => Math.min(n, 30)));
  });
});

describe('the clocks of other machines', () => {
  it('may be wrong: what began before its parent is shown, nothing ends before it began', () => {
    const records = [
      aRequest('1', { duration_ms: 50, spans: [child('a', '1', { at: 10, duration_ms: 20 })] }),
      aRequest('2', { at: -100, parentSpanId: spanId('a'), duration_ms: 5 }),
      child('negative', '1', { at: 20, duration_ms: -7 }),
    ];
    const result = waterfall(records);
    expect(drawn(result)).toEqual([
      'GET / 100+50',
      '- a 110+20',
      '- - GET / 0+5',
      '- negative 120+0',
    ]);
    expect(result).toMatchObject({ startedAt: START - 100, durationMs: 150 });
    expect(result.rows[1]!.selfGaps).toEqual([{ offsetMs: 110, durationMs: 20 }]);
  });
});

describe('what runs still', () => {
  const records = [aRunningRequest('1'), aLine('x', { key: '1', at: 30 })];

  it('has run until now', () => {
    expect(drawn(waterfall(records, START + 75))).toEqual(['GET / 0+75']);
    expect(waterfall(records, START + 75).durationMs).toBe(75);
  });

  it('has no negative duration when the clock of the browser is behind', () => {
    expect(drawn(waterfall([aRunningRequest('1')], START - 5000))).toEqual(['GET / 0+0']);
  });

  it('has run until the last that is known, when now means nothing', () => {
    expect(drawn(waterfall(records))).toEqual(['GET / 0+30']);
  });

  it('leaves all others ended', () => {
    const ended = [aRequest('1'), aLine('x', { key: '1', at: 30 })];
    expect(waterfall(ended, START + 1000)).toMatchObject({ durationMs: 30 });
    expect(drawn(waterfall(ended, START + 1000))).toEqual(['GET / 0+10']);
  });

  it('is not what has ended, and did not say how long it took', () => {
    const { rows } = waterfall([aRequest('1', { duration_ms: undefined })], START + 1000);
    expect(rows[0]!.durationMs).toBeUndefined();
  });

  it('has no end when its request did not wait for it', () => {
    const spans = [child('a', '1', { at: 4, duration_ms: undefined })];
    const { rows } = waterfall([aRequest('1', { spans })]);
    expect(rows[1]!.durationMs).toBeUndefined();
    expect(rows[0]!.selfGaps).toEqual([{ offsetMs: 0, durationMs: 4 }]);
  });
});

describe('gaps', () => {
  const gaps = (durationMs: number, spans: readonly (readonly [number, number])[]) =>
    waterfall([
      aRequest('1', {
        duration_ms: durationMs,
        spans: spans.map(([at, durationMs], n) =>
          child(`a${n}`, '1', { at, duration_ms: durationMs }),
        ),
      }),
    ]).rows[0]!.selfGaps.map(({ offsetMs, durationMs }) => [offsetMs, offsetMs + durationMs]);

  it.each<[string, [number, number][], [number, number][]]>([
    [
      'before, between and after',
      [
        [10, 20],
        [50, 30],
      ],
      [
        [0, 10],
        [30, 50],
        [80, 100],
      ],
    ],
    [
      'none where children cover everything',
      [
        [0, 60],
        [60, 40],
      ],
      [],
    ],
    [
      'none where they overlap',
      [
        [0, 60],
        [10, 20],
        [40, 60],
      ],
      [],
    ],
    [
      'not inside a longer one',
      [
        [0, 90],
        [10, 20],
      ],
      [[90, 100]],
    ],
    ['of all of it, where the child ran later', [[120, 30]], [[0, 100]]],
    ['from the end of a child that began earlier', [[-20, 50]], [[30, 100]]],
    [
      'not what is too short to be seen',
      [
        [0, 50],
        [50.05, 49.95],
      ],
      [],
    ],
    [
      'what can be seen',
      [
        [0, 50],
        [50.25, 49.75],
      ],
      [[50, 50.25]],
    ],
  ])('are %s', (_name, spans, expected) => {
    const shift = Math.min(0, ...spans.map(([at]) => at));
    expect(gaps(100, spans)).toEqual(expected.map(([from, to]) => [from - shift, to - shift]));
  });

  it('are of what has children', () => {
    expect(waterfall([aRequest('1')]).rows[0]!.selfGaps).toEqual([]);
  });

  it('are those of a span that calls another service: the way there and back', () => {
    const records = [
      aRequest('1', {
        duration_ms: 100,
        spans: [child('call', '1', { duration_ms: 100, kind: 'client' })],
      }),
      aRequest('2', { at: 20, service: 'ledger', parentSpanId: spanId('call'), duration_ms: 70 }),
    ];
    expect(waterfall(records).rows[1]!.selfGaps).toEqual([
      { offsetMs: 0, durationMs: 20 },
      { offsetMs: 90, durationMs: 10 },
    ]);
  });
});

describe('the lines', () => {
  it('are those of the whole trace, in their place', () => {
    const records = [
      aRequest('1', { at: 0.6 }),
      aRequest('2', { at: 5, service: 'ledger', parentSpanId: spanId('1') }),
      aLine('of the ledger', {
        at: 6.5,
        service: 'ledger',
        spanId: spanId('2'),
        w3cTraceId: TRACE_ID,
      }),
      aLine('at once, in whole milliseconds', { at: 0, key: '1' }),
      aLine('without request', { at: 7.5, w3cTraceId: TRACE_ID }),
      aLine('of another', { w3cTraceId: 'another' }),
      aLine('behind the end', { at: 40, key: '1' }),
    ];
    const { lines, durationMs } = waterfall(records);
    expect(
      lines.map(({ line, offsetMs }) => [line.record.message, Math.round(offsetMs * 10) / 10]),
    ).toEqual([
      ['at once, in whole milliseconds', 0],
      ['of the ledger', 5.9],
      ['without request', 6.9],
      ['behind the end', 39.4],
    ]);
    expect(durationMs).toBeCloseTo(39.4, 3);
  });
});

describe('a request that is dropped while it is open', () => {
  it('is drawn all the same', () => {
    const store = new ViewStore({ requests: 1, lines: 9, spans: 9, spansPerTrace: 9 });
    store.add([aRequest('1', { path: '/old' }), aLine('x', { key: '1' })]);
    const [request] = store.requests;
    store.add([aRequest('2', { at: 1, path: '/new' })]);
    expect(drawn(waterfallOf(store, request!))).toEqual(['GET /old 0+10', 'GET /new 1+10']);
    store.clear();
    expect(drawn(waterfallOf(store, request!))).toEqual(['GET /old 0+10']);
  });
});
