import { describe, expect, it } from '@jest/globals';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { aLine, aRequest, messagesOf } from '../view-records.js';

const LIMITS = { requests: 10, lines: 20, spans: 100, spansPerTrace: 100 };

/** A request of a trace of its own with two lines. */
function requestOf(n: number, overrides: Parameters<typeof aRequest>[1] = {}) {
  const ids = { w3cTraceId: n.toString(16).padStart(32, '0') };
  return [
    aRequest(String(n), { at: n, ...ids, ...overrides }),
    ...['a', 'b'].map((name) => aLine(`${n}${name}`, { at: n, key: String(n), ...ids })),
  ];
}

const FAILED = { outcome: 'errored', status_code: 500 } as const;
const keysOf = (store: ViewStore): string[] => store.requests.map(({ record }) => record.key);

describe('what the page drops when it is full', () => {
  it('is not what failed or was aborted, nor its lines', () => {
    const store = new ViewStore(LIMITS);
    store.add(requestOf(1, FAILED));
    store.add(requestOf(2, { outcome: 'aborted' }));
    store.add([aLine('outside'), ...requestOf(3, { status_code: 404 })]);
    for (let n = 4; n <= 30; n++) store.add(requestOf(n));
    expect(keysOf(store)).toEqual(['1', '2', ...Array.from({ length: 8 }, (_, i) => `${23 + i}`)]);
    expect(messagesOf(store.lines).slice(0, 5)).toEqual(['1a', '1b', '2a', '2b', '23a']);
    expect(store.lines).toHaveLength(20);
    expect(store.linesInside).toEqual(store.lines);
    expect(messagesOf(store.linesOf(store.requests[0]!))).toEqual(['1a', '1b']);
    expect(store.dropped).toMatchObject({ requests: 20, lines: 41 });
  });

  it('is the oldest of what failed, where that is more than half', () => {
    const store = new ViewStore(LIMITS);
    for (let n = 1; n <= 40; n++) store.add(requestOf(n, n <= 20 ? FAILED : {}));
    expect(keysOf(store)).toEqual([16, 17, 18, 19, 20, 36, 37, 38, 39, 40].map(String));
    expect(store.lines).toHaveLength(20);
    expect(store.linesInside).toEqual(store.lines);
    for (let n = 41; n <= 80; n++) store.add(requestOf(n, FAILED));
    expect(keysOf(store)).toEqual(Array.from({ length: 10 }, (_, i) => `${71 + i}`));
  });
});

describe('lines of no request', () => {
  it('are apart from the others, unless they are warnings', () => {
    const store = new ViewStore(LIMITS);
    store.add([
      aLine('started'),
      aLine('in a trace', { w3cTraceId: '1'.repeat(32) }),
      aLine('port is in use', { level: 'error' }),
      aLine('with a request id', { requestId: 'r' }),
    ]);
    expect(messagesOf(store.lines)).toHaveLength(4);
    expect(messagesOf(store.linesInside)).toEqual([
      'in a trace',
      'port is in use',
      'with a request id',
    ]);
  });
});

describe('the name of a session', () => {
  it('is that of the user of its latest request that has one', () => {
    const store = new ViewStore(LIMITS);
    const named = (key: string, at: number, user: unknown) =>
      aRequest(key, { at, sessionId: 's', fields: { user } });
    store.add([named('1', 1, 'Alice'), named('3', 3, 'Bob'), named('2', 2, 'Carol')]);
    expect(store.sessions[0]!.user).toBe('Bob');
    store.add([aRequest('4', { at: 4, sessionId: 's' }), named('5', 5, { toString: 'x' })]);
    expect(store.sessions[0]!.user).toBe('Bob');
    store.add([named('6', 6, ` ${'x'.repeat(100)}`)]);
    expect(store.sessions[0]!.user).toBe(`${'x'.repeat(63)}…`);
    store.add([named('8', 8, { name: 'Dora' })]);
    expect(store.sessions[0]!.user).toBe('Dora');
    store.add([named('9', 9, 42)]);
    expect(store.sessions[0]!.user).toBe('42');
  });
});
