import { describe, expect, it } from '@jest/globals';
import { MAX_LINES, MAX_REQUESTS, ViewStore } from '../../../src/viewer/store/view-store.js';
import { aLine, aRequest, aRunningRequest, aSpan, messagesOf, spanId } from '../view-records.js';

function storeOf(...batches: Parameters<ViewStore['add']>[0][]): ViewStore {
  const store = new ViewStore();
  for (const batch of batches) store.add(batch);
  return store;
}

const keysOf = ({ requests }: ViewStore): string[] => requests.map(({ record }) => record.key);

describe('the order of the page', () => {
  it('is that in which the lines were written, not that in which they came', () => {
    const store = storeOf(
      [aLine('first', { at: 0 }), aLine('fifth', { at: 5000 })],
      [aLine('third', { at: 20 }), aLine('second', { at: 10 }), aLine('sixth', { at: 5001 })],
      [aLine('fourth', { at: 30, service: 'ledger' })],
    );
    expect(messagesOf(store.lines)).toEqual([
      'first',
      'second',
      'third',
      'fourth',
      'fifth',
      'sixth',
    ]);
  });

  it('is that of arrival at equal times', () => {
    const store = storeOf(
      [aLine('a'), aLine('b')],
      [aLine('c'), aLine('later', { at: 1 })],
      [aLine('d')],
    );
    expect(messagesOf(store.lines)).toEqual(['a', 'b', 'c', 'd', 'later']);
  });

  it('is that in which the requests began, not that in which they ended', () => {
    const store = storeOf(
      [aRequest('2', { at: 2 })],
      [aRequest('1', { at: 1 }), aRequest('3', { at: 3 })],
    );
    expect(keysOf(store)).toEqual(['1', '2', '3']);
  });
});

describe('a request', () => {
  it('stays the same when it has ended', () => {
    const store = storeOf([aRunningRequest('1')]);
    const [request] = store.requests;
    store.add([aRequest('1', { status_code: 201 })]);
    expect(store.requests).toEqual([request]);
    expect(store.requests[0]).toBe(request);
    expect(request!.record).toMatchObject({ status_code: 201, outcome: 'completed' });
  });

  it('does not run again once it has ended', () => {
    const store = storeOf([aRequest('1')], [aRunningRequest('1')]);
    expect(store.requests[0]!.record.outcome).toBe('completed');
  });

  it('is not replaced by another one that has its key', () => {
    const store = storeOf([aRequest('1')], [aRequest('1', { spanId: spanId('9') })]);
    expect(store.requests.map(({ record }) => record.spanId)).toEqual([spanId('1')]);
    expect(store.requestBySpanId(spanId('9'))).toBeUndefined();
  });

  it('is found by its span id, until it is dropped', () => {
    const store = storeOf([aRequest('1')]);
    expect(store.requestBySpanId(spanId('1'))).toBe(store.requests[0]);
    expect(store.requestBySpanId(spanId('2'))).toBeUndefined();
    store.clear();
    expect(store.requestBySpanId(spanId('1'))).toBeUndefined();
  });
});

describe('sessions', () => {
  it('are listed in the order in which they were seen, each with a colour and its requests', () => {
    const store = storeOf(
      [aRequest('1', { sessionId: 'alice' }), aRequest('2', { sessionId: 'bob' })],
      [aRequest('3', { sessionId: 'alice' }), aLine('hello', { sessionId: 'carol' })],
    );
    expect(store.sessions).toEqual([
      { id: 'alice', color: 0, requests: 2 },
      { id: 'bob', color: 1, requests: 1 },
      { id: 'carol', color: 2, requests: 0 },
    ]);
    expect(store.requests[2]!.session).toBe(store.sessions[0]);
    expect(store.lines[0]!.session).toBe(store.sessions[2]);
  });

  it('have twelve colours, again and again', () => {
    const store = storeOf(
      Array.from({ length: 13 }, (_, n) => aRequest(`${n}`, { sessionId: `session ${n}` })),
    );
    expect(store.sessions.map(({ color }) => color)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0,
    ]);
  });

  it('keep their colour when their only request ends', () => {
    const store = storeOf([
      aRunningRequest('1', { sessionId: 'alice' }),
      aRunningRequest('2', { sessionId: 'bob' }),
      aRequest('1', { sessionId: 'alice' }),
    ]);
    expect(store.sessions).toEqual([
      { id: 'alice', color: 0, requests: 1 },
      { id: 'bob', color: 1, requests: 1 },
    ]);
  });

  it('change with what becomes known of a request', () => {
    const store = storeOf([aRunningRequest('1')], [aRequest('1', { sessionId: 'alice' })]);
    expect(store.requests[0]!.session).toEqual({ id: 'alice', color: 0, requests: 1 });
    expect(store.sessions).toHaveLength(1);
  });

  it('are removed with the last record that belongs to them', () => {
    const store = storeOf([
      aRequest('0', { at: -1, sessionId: 'alice' }),
      aLine('', { at: -1, sessionId: 'bob' }),
    ]);
    store.add(Array.from({ length: MAX_REQUESTS }, (_, n) => aRequest(`${n + 1}`)));
    expect(store.sessions.map(({ id }) => id)).toEqual(['bob']);
    store.add(Array.from({ length: MAX_LINES }, () => aLine('')));
    expect(store.sessions).toEqual([]);
  });
});

describe('services', () => {
  it('are those of the requests and lines that are held', () => {
    const store = storeOf([
      aRequest('1', { at: -1, service: 'gateway' }),
      aLine('', { service: 'ledger' }),
      aRequest('2'),
    ]);
    expect(store.services).toEqual(['gateway', 'ledger', 'shop']);
    store.add(Array.from({ length: MAX_REQUESTS }, (_, n) => aRequest(`${n + 3}`)));
    expect(store.services).toEqual(['ledger', 'shop']);
  });
});

describe('the limits', () => {
  it('let the oldest go, and count them', () => {
    const store = storeOf(
      Array.from({ length: MAX_REQUESTS }, (_, n) => aRequest(`${n}`, { at: n })),
      Array.from({ length: MAX_LINES }, (_, n) => aLine(`${n}`, { at: n })),
    );
    expect(store.dropped).toEqual({ requests: 0, lines: 0, spans: 0 });
    store.add([
      aRequest('new', { at: 1e6 }),
      aLine('new', { at: 1e6 }),
      aLine('newer', { at: 1e6 }),
    ]);
    expect(store.requests).toHaveLength(MAX_REQUESTS);
    expect(store.lines).toHaveLength(MAX_LINES);
    expect(keysOf(store)[0]).toBe('1');
    expect(keysOf(store).at(-1)).toBe('new');
    expect(messagesOf(store.lines.slice(0, 1))).toEqual(['2']);
    expect(store.dropped).toEqual({ requests: 1, lines: 2, spans: 0 });
  });

  it('drop at once what is older than all others', () => {
    const store = storeOf(Array.from({ length: MAX_LINES }, (_, n) => aLine(`${n}`, { at: n })));
    store.add([aLine('old', { at: -1 })]);
    expect(messagesOf(store.lines.slice(0, 1))).toEqual(['0']);
    expect(store.dropped.lines).toBe(1);
  });

  it('let a line go from its request too', () => {
    const store = storeOf([
      aRequest('1'),
      aLine('old', { key: '1', at: -1 }),
      aLine('new', { key: '1' }),
    ]);
    const [old] = store.lines;
    store.add(Array.from({ length: MAX_LINES - 1 }, () => aLine('')));
    expect(messagesOf(store.linesOf(store.requests[0]!))).toEqual(['new']);
    expect(store.requestOf(old!)).toBeUndefined();
  });

  it('let a request go, and leave its lines', () => {
    const store = storeOf([aRequest('old', { at: -1 }), aLine('its line', { key: 'old' })]);
    store.add(Array.from({ length: MAX_REQUESTS }, (_, n) => aRequest(`${n}`)));
    expect(messagesOf(store.lines)).toEqual(['its line']);
    expect(store.requestOf(store.lines[0]!)).toBeUndefined();
  });

  it('hold for the spans of one trace', () => {
    const store = storeOf([aRequest('1')]);
    const spans = Array.from({ length: 5001 }, (_, n) => aSpan(`${n + 10}`));
    store.add(spans);
    expect(store.traceOf(store.requests[0]!).spans).toEqual(spans.slice(0, 5000));
    expect(store.dropped.spans).toBe(1);
  });

  it('do not count a span that was sent again', () => {
    const store = storeOf([aRequest('1'), aSpan('2')], [aSpan('2')]);
    expect(store.traceOf(store.requests[0]!).spans).toHaveLength(1);
    expect(store.dropped.spans).toBe(0);
  });

  it('hold for the spans of all traces together', () => {
    const store = new ViewStore();
    const spansOf = (n: number, count: number) =>
      Array.from({ length: count }, (_, m) => aSpan(`${n}-${m}`));
    // Requests begin one after the other, so that none is dropped.
    for (let n = 0; n < 1001; n++) store.add([aRequest(`${n}`, { at: n, spans: spansOf(n, 100) })]);
    expect(store.dropped.spans).toBe(100);
    expect(store.requests[0]!.record).toMatchObject({ spans: undefined, droppedSpans: 100 });
    expect(store.requests[1]!.record.spans).toHaveLength(100);
    store.add([aSpan('x', { w3cTraceId: 'another' })]);
    expect(store.requests[1]!.record).toMatchObject({ spans: undefined, droppedSpans: 100 });
    expect(store.dropped.spans).toBe(200);
    // A request that ends anew does not count twice.
    store.add([aRequest('500', { at: 500, spans: spansOf(500, 100) })]);
    expect(store.dropped.spans).toBe(200);
  });
});

describe('the spans of a request that is sent again', () => {
  const limits = { requests: 9, lines: 9, spans: 4, spansPerTrace: 4 };
  const spans = [aSpan('a'), aSpan('b'), aSpan('c')];

  it('count once, however often', () => {
    const store = new ViewStore(limits);
    for (let n = 0; n < 9; n++) store.add([aRequest('1', { spans })]);
    expect(store.dropped.spans).toBe(0);
    expect(store.requests[0]!.record.spans).toHaveLength(3);
    expect(store['contents']['spans']['arrived']).toHaveLength(1);
  });

  it('are within the limit when they come back', () => {
    const store = new ViewStore(limits);
    store.add([aRequest('1', { spans }), aRequest('2', { at: 1, spans })]);
    expect(store.requests.map(({ record }) => record.spans?.length)).toEqual([undefined, 3]);
    store.add([aRequest('1', { spans })]);
    expect(store.requests.map(({ record }) => record.spans?.length)).toEqual([3, undefined]);
    store.add([aRequest('2', { at: 1, spans })]);
    expect(store.requests.map(({ record }) => record.spans?.length)).toEqual([undefined, 3]);
    expect(store.dropped.spans).toBe(9);
  });
});

describe('what the server dropped', () => {
  const drops = (requests: number, lines: number, spans: number) =>
    [{ type: 'drops', requests, lines, spans }] as const;

  it('is counted in totals', () => {
    const store = storeOf(drops(1, 10, 100), drops(1, 11, 120));
    expect(store.dropped).toEqual({ requests: 1, lines: 11, spans: 120 });
  });

  it('is not forgotten when the server begins to count anew', () => {
    const store = storeOf(drops(1, 10, 100), drops(0, 0, 0), drops(2, 3, 4));
    expect(store.dropped).toEqual({ requests: 3, lines: 13, spans: 104 });
  });

  it('is counted anew after the page was cleared', () => {
    const store = storeOf(drops(1, 10, 100));
    store.clear();
    expect(store.dropped).toEqual({ requests: 0, lines: 0, spans: 0 });
    store.add([...drops(1, 12, 100)]);
    expect(store.dropped).toEqual({ requests: 0, lines: 2, spans: 0 });
  });
});

describe('the store', () => {
  it('has another version after each change', () => {
    const store = new ViewStore();
    const versions = [store.version];
    store.add([aLine('')]);
    versions.push(store.version);
    store.clear();
    versions.push(store.version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
  });

  it('is empty when it was cleared, and gives no number twice', () => {
    const store = storeOf([
      aRequest('1', { sessionId: 'alice' }),
      aLine('', { key: '1' }),
      aSpan('2'),
    ]);
    const [request] = store.requests;
    const used = [request!.n, store.lines[0]!.n];
    store.clear();
    expect(store).toMatchObject({ requests: [], lines: [], sessions: [], services: [] });
    store.add([aRequest('1'), aLine('', { key: '1' })]);
    expect(store.requests[0]).not.toBe(request);
    expect(used).not.toContain(store.requests[0]!.n);
    expect(used).not.toContain(store.lines[0]!.n);
    expect(store.traceOf(store.requests[0]!).spans).toEqual([]);
  });
});
