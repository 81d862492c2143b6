import { describe, expect, it } from '@jest/globals';
import type { ViewRecord } from '../../../src/viewer/view-records.js';
import { MAX_REQUESTS, ViewStore } from '../../../src/viewer/store/view-store.js';
import {
  aLine,
  aRequest,
  aRunningRequest,
  aSpan,
  messagesOf,
  spanId,
  TRACE_ID,
} from '../view-records.js';

/** A line of another service: it knows its trace and its span. */
function remoteLine(message: string, overrides: Parameters<typeof aLine>[1] = {}) {
  return aLine(message, { w3cTraceId: TRACE_ID, ...overrides });
}

/** The keys of the requests that have lines, with the messages of those. */
function ownersOf(store: ViewStore): Record<string, string[]> {
  const owners: Record<string, string[]> = {};
  for (const line of store.lines) {
    const key = store.requestOf(line)?.record.key ?? 'none';
    (owners[key] ??= []).push(line.record.message);
  }
  for (const request of store.requests) {
    const { key } = request.record;
    expect(messagesOf(store.linesOf(request))).toEqual(owners[key] ?? []);
  }
  return owners;
}

/** All orders in which the records may come. */
function* ordersOf(records: readonly ViewRecord[]): Generator<ViewRecord[]> {
  if (records.length === 0) yield [];
  for (const [index, first] of records.entries()) {
    for (const rest of ordersOf(records.toSpliced(index, 1))) yield [first, ...rest];
  }
}

/** Looks after each record, so that nothing is found that what comes later would have to undo. */
function ownersInAnyOrder(records: readonly ViewRecord[]): Record<string, string[]> {
  const found: Record<string, string[]>[] = [];
  for (const order of ordersOf(records)) {
    const store = new ViewStore();
    for (const record of order) {
      store.add([record]);
      ownersOf(store);
    }
    found.push(ownersOf(store));
  }
  const [first] = found;
  for (const owners of found) expect(owners).toEqual(first);
  return first!;
}

describe('a line that has the key of its request', () => {
  it('is of that, whichever comes first', () => {
    expect(
      ownersInAnyOrder([
        aRequest('1'),
        aRequest('2'),
        aLine('one', { key: '1' }),
        aLine('two', { at: 1, key: '2' }),
      ]),
    ).toEqual({ 1: ['one'], 2: ['two'] });
  });

  it('is of no other that has the same ids', () => {
    const ids = { requestId: 'req-001', w3cTraceId: TRACE_ID };
    expect(
      ownersInAnyOrder([
        aRequest('1', ids),
        aLine('of another', { key: '2', spanId: spanId('1'), ...ids }),
      ]),
    ).toEqual({
      none: ['of another'],
    });
  });
});

describe('a line that has a span', () => {
  it('is of the request that is this span', () => {
    expect(
      ownersInAnyOrder([aRequest('1'), aRequest('2'), remoteLine('one', { spanId: spanId('1') })]),
    ).toEqual({
      1: ['one'],
    });
  });

  it('is of the request that its span is inside of, however late that is known', () => {
    expect(
      ownersInAnyOrder([
        aRequest('1'),
        aSpan('11', { parentSpanId: spanId('1') }),
        aSpan('12', { parentSpanId: spanId('11') }),
        remoteLine('deep', { spanId: spanId('12') }),
        remoteLine('at the top', { at: 1, spanId: spanId('1') }),
      ]),
    ).toEqual({ 1: ['deep', 'at the top'] });
  });

  it('is of the request in its own service, not of the one that called it', () => {
    const records = [
      aRequest('1'),
      aSpan('2', { parentSpanId: spanId('1'), kind: 'client' }),
      aSpan('4', { service: 'ledger', parentSpanId: spanId('3') }),
      remoteLine('of the ledger', { service: 'ledger', spanId: spanId('4') }),
    ];
    const called = aRequest('3', { service: 'ledger', parentSpanId: spanId('2') });
    expect(ownersInAnyOrder([...records, called])).toEqual({ 3: ['of the ledger'] });
    // The ledger's server span is missing: what is above belongs to others.
    const without = aSpan('3', { service: 'ledger', parentSpanId: spanId('2') });
    expect(ownersInAnyOrder([...records, without])).toEqual({ none: ['of the ledger'] });
  });

  it('is not of a request in another trace that has the same span id', () => {
    expect(
      ownersInAnyOrder([
        aRequest('1', { w3cTraceId: 'another' }),
        remoteLine('x', { spanId: spanId('1') }),
      ]),
    ).toEqual({
      none: ['x'],
    });
  });

  it('has no request in a circle of spans', () => {
    expect(
      ownersInAnyOrder([
        aRequest('9'),
        aSpan('1', { parentSpanId: spanId('2') }),
        aSpan('2', { parentSpanId: spanId('1') }),
        remoteLine('x', { spanId: spanId('1') }),
      ]),
    ).toEqual({ none: ['x'] });
  });
});

describe('two requests with the same id at the same time', () => {
  const same = { requestId: 'req-001', duration_ms: 100 };

  it('are distinguished by their spans', () => {
    expect(
      ownersInAnyOrder([
        aRequest('1', same),
        aRequest('2', { ...same, at: 5 }),
        aSpan('21', { parentSpanId: spanId('2') }),
        remoteLine('of the first', { at: 10, requestId: 'req-001', spanId: spanId('1') }),
        remoteLine('of the second', { at: 11, requestId: 'req-001', spanId: spanId('21') }),
      ]),
    ).toEqual({ 1: ['of the first'], 2: ['of the second'] });
  });

  it('are not guessed at', () => {
    expect(
      ownersInAnyOrder([
        aRequest('1', same),
        aRequest('2', { ...same, at: 5 }),
        remoteLine('of either', { at: 10, requestId: 'req-001' }),
      ]),
    ).toEqual({ none: ['of either'] });
  });

  it('lose no line to each other when one of them is dropped', () => {
    const store = new ViewStore();
    store.add([
      aRequest('old', { at: -50, requestId: 'req-001', spanId: spanId('1'), duration_ms: 20 }),
      remoteLine('of the old', { at: -40, requestId: 'req-001' }),
      aRequest('new', { requestId: 'req-001', spanId: spanId('2') }),
    ]);
    expect(ownersOf(store)).toEqual({ old: ['of the old'] });
    store.add(Array.from({ length: MAX_REQUESTS - 1 }, (_, n) => aRequest(`${n}`, { at: -10 })));
    store.add([aSpan('77')]);
    expect(ownersOf(store)).toEqual({ none: ['of the old'] });
  });
});

describe('a line that has only a request id', () => {
  it('is of the request in its service and trace that has this id', () => {
    const id = { requestId: 'req-001' };
    expect(
      ownersInAnyOrder([
        aRequest('1', id),
        aRequest('2', { ...id, service: 'ledger' }),
        aRequest('3', { ...id, w3cTraceId: 'another' }),
        remoteLine('one', { at: 1, ...id }),
        remoteLine('two', { at: 2, ...id, service: 'ledger' }),
      ]),
    ).toEqual({ 1: ['one'], 2: ['two'] });
  });

  it('is of the one of several that ran at the time', () => {
    const id = { requestId: 'req-001', duration_ms: 10 };
    expect(
      ownersInAnyOrder([
        aRequest('1', { ...id, at: 0.7 }),
        aRequest('2', { ...id, at: 20 }),
        remoteLine('at the start, in whole milliseconds', { at: 0, requestId: 'req-001' }),
        remoteLine('at the end', { at: 30, requestId: 'req-001' }),
      ]),
    ).toEqual({ 1: ['at the start, in whole milliseconds'], 2: ['at the end'] });
  });

  it('may be distinguished once a request has ended', () => {
    const store = new ViewStore();
    const id = { requestId: 'req-001' };
    store.add([
      aRunningRequest('1', id),
      aRunningRequest('2', { ...id, at: 15 }),
      remoteLine('x', { at: 20, requestId: 'req-001' }),
    ]);
    expect(ownersOf(store)).toEqual({ none: ['x'] });
    store.add([aRequest('1', id)]);
    expect(ownersOf(store)).toEqual({ 2: ['x'] });
  });

  it('finds a trace by the id that its log has, when that is all it says', () => {
    const store = new ViewStore();
    store.add([aRequest('1'), aLine('x', { traceId: TRACE_ID, requestId: 'req-1' })]);
    expect(ownersOf(store)).toEqual({ 1: ['x'] });
  });
});

describe('the lines of a request', () => {
  it('are in the order in which they were written', () => {
    const store = new ViewStore();
    const line = (message: string, at: number) => aLine(message, { at, key: '1' });
    store.add([aRequest('1'), line('third', 3), line('first', 1)]);
    const request = store.requests[0]!;
    expect(messagesOf(store.linesOf(request))).toEqual(['first', 'third']);
    store.add([line('second', 2)]);
    expect(messagesOf(store.linesOf(request))).toEqual(['first', 'second', 'third']);
  });

  it('do not have one twice that moved away and back', () => {
    const store = new ViewStore();
    const id = { requestId: 'req-001', duration_ms: 10 };
    store.add([
      aRequest('1', id),
      remoteLine('x', { at: 5, requestId: 'req-001', spanId: spanId('11') }),
    ]);
    expect(ownersOf(store)).toEqual({ 1: ['x'] });
    store.add([aRequest('2', id)]);
    expect(ownersOf(store)).toEqual({ none: ['x'] });
    store.add([aSpan('11', { parentSpanId: spanId('1') })]);
    expect(ownersOf(store)).toEqual({ 1: ['x'] });
  });
});

describe('a line without ids', () => {
  it('has no request', () => {
    expect(ownersInAnyOrder([aRequest('1'), aLine('boot')])).toEqual({ none: ['boot'] });
  });
});
