import { describe, expect, it } from '@jest/globals';
import type { ViewRecord } from '../../../src/viewer/view-records.js';
import { RecordFilter, type Filter } from '../../../src/viewer/search/filter.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { aLine, aRequest, aRunningRequest, messagesOf, START, TRACE_ID } from '../view-records.js';

/** The keys of the requests and the messages of the lines that are let through. */
function shown(records: readonly ViewRecord[], filter: Partial<Filter>) {
  const store = new ViewStore();
  store.add(records);
  const matching = new RecordFilter(store, { text: '', ...filter });
  const requests = store.requests.filter((request) => matching.isMatchingRequest(request));
  const lines = store.lines.filter((line) => matching.isMatchingLine(line));
  return { requests: requests.map(({ record }) => record.key), lines: messagesOf(lines) };
}

const NOTHING = { requests: [], lines: [] };

describe('without a filter', () => {
  it('everything is shown', () => {
    const records = [aRunningRequest('1'), aLine('boot'), aLine('its own', { key: '1' })];
    expect(shown(records, {})).toEqual({ requests: ['1'], lines: ['boot', 'its own'] });
    expect(shown(records, { text: '  ' })).toEqual({ requests: ['1'], lines: ['boot', 'its own'] });
  });
});

describe('text', () => {
  const request = aRequest('1', {
    requestId: 'Req-001',
    traceId: 'trace-of-the-log',
    w3cTraceId: TRACE_ID,
    sessionId: 'alice',
    spanId: 'aaaaaaaaaaaaaaaa',
    parentSpanId: 'bbbbbbbbbbbbbbbb',
    service: 'gateway',
    method: 'POST',
    path: '/api/payment/7',
    route: '/api/payment/:id',
    handler: 'PaymentController.pay',
    pattern: 'payment.charge',
    queue: 'ledger',
    job: 'book',
  });

  it.each([
    ['its request id, in any case', 'req-001'],
    ['a part of an id', 'EQ-00'],
    ['its trace id as the log has it', 'trace-of-the-log'],
    ['its W3C trace id', TRACE_ID],
    ['its session', 'alice'],
    ['its span', 'aaaaaaaaaaaaaaaa'],
    ['its caller', 'bbbbbbbbbbbbbbbb'],
    ['its service', 'gateway'],
    ['its title', 'post /api/payment/7'],
    ['its route', '/:id'],
    ['its handler', 'paymentcontroller'],
    ['its pattern', 'payment.charge'],
    ['its queue and job', 'ledger book'],
    ['white space around it', '  req-001 '],
  ])('finds a request by %s', (_name, text) => {
    expect(
      shown([request, aRequest('other', { traceId: '', w3cTraceId: '' })], { text }).requests,
    ).toEqual(['1']);
  });

  it.each([
    ['what is in none', 'bob'],
    ['what would be across two of its parts', `${TRACE_ID}alice`],
    ['what looks like a pattern', '.*'],
  ])('finds none by %s', (_name, text) => {
    expect(shown([request], { text })).toEqual(NOTHING);
  });

  it('searches a request again when its record is replaced', () => {
    const store = new ViewStore();
    store.add([aRunningRequest('1')]);
    const matches = () =>
      new RecordFilter(store, { text: 'late' }).isMatchingRequest(store.requests[0]!);
    expect(matches()).toBe(false);
    store.add([aRequest('1', { handler: 'Late.name' })]);
    expect(matches()).toBe(true);
  });

  it('finds a request by the text of one of its lines, and of the lines only that one', () => {
    const records = [
      aRequest('1'),
      aLine('Processing payment', { key: '1' }),
      aLine('Done', { key: '1' }),
      aRequest('2'),
      aLine('Profile', { key: '2' }),
    ];
    expect(shown(records, { text: 'payment' })).toEqual({
      requests: ['1'],
      lines: ['Processing payment'],
    });
  });

  it.each([
    ['message', 'processing'],
    ['request id', 'req-001'],
    ['trace id', 'the-trace'],
    ['session id', 'alice'],
    ['span id', 'cccccccccccccccc'],
    ['service', 'shop'],
    ['context', 'paymentservice'],
    ['field', 'user=alice smith'],
    ['field that is a number', 'amount=5'],
    ['field inside a field', '"currency":"eur"'],
    ['error', 'card declined'],
  ])('finds a line by its %s', (_name, text) => {
    const line = aLine('Processing', {
      requestId: 'req-001',
      traceId: 'the-trace',
      sessionId: 'alice',
      spanId: 'cccccccccccccccc',
      context: 'PaymentService',
      fields: { user: 'Alice Smith', amount: 5, price: { currency: 'EUR' } },
      error: 'Error: card declined\n    at pay (pay.ts:1:1)',
    });
    expect(shown([line, aLine('other', { service: 'ledger' })], { text }).lines).toEqual([
      'Processing',
    ]);
  });
});

describe('level', () => {
  const levels = ['silly', 'DEBUG', 'log', 'http', 'unheard-of', 'Warning', 'error', 'CRITICAL'];

  it.each([
    ['trace', levels],
    ['debug', levels.slice(1)],
    ['info', levels.slice(2)],
    ['warn', levels.slice(5)],
    ['error', levels.slice(6)],
    ['fatal', levels.slice(7)],
  ])('%s matches this level and more severe ones', (level, expected) => {
    const lines = levels.map((level) => aLine(level, { level }));
    expect(shown(lines, { level }).lines).toEqual(expected);
  });

  it('asks of a request whether it, or one of its lines, is as bad', () => {
    const records = [
      aRequest('fine', { status_code: 399 }),
      aRequest('warned'),
      aLine('slow', { key: 'warned', level: 'warn' }),
      aRequest('refused', { status_code: 400 }),
      aRequest('errored', { status_code: 500, outcome: 'errored' }),
      aRunningRequest('running'),
    ];
    expect(shown(records, { level: 'warn' }).requests).toEqual(['warned', 'refused', 'errored']);
    expect(shown(records, { level: 'error' }).requests).toEqual(['errored']);
  });
});

describe('session and service', () => {
  const records = [
    aRequest('1', { sessionId: 'alice' }),
    aLine('says its session', { sessionId: 'alice' }),
    aLine('is of a request that does', { key: '1' }),
    aRequest('2', { sessionId: 'alice2', service: 'ledger' }),
    aLine('of another', { key: '2', service: 'ledger' }),
  ];

  it('are those of the request and of the line, or of its request', () => {
    expect(shown(records, { session: 'alice' })).toEqual({
      requests: ['1'],
      lines: ['says its session', 'is of a request that does'],
    });
    expect(shown(records, { service: 'ledger' })).toEqual({
      requests: ['2'],
      lines: ['of another'],
    });
  });
});

describe('status', () => {
  const records = [
    aRequest('200', { status_code: 200 }),
    aRequest('299', { status_code: 299 }),
    aRequest('302', { status_code: 302 }),
    aRequest('404', { status_code: 404 }),
    aRequest('500', { status_code: 500, outcome: 'errored' }),
    aRequest('message', { status_code: undefined }),
    aRequest('failed message', { status_code: undefined, outcome: 'errored' }),
    aRequest('left', { status_code: 200, outcome: 'aborted' }),
    aRunningRequest('open'),
    aRequest('101', { status_code: 101 }),
  ];

  it.each([
    ['2xx', ['200', '299', 'message']],
    ['3xx', ['302']],
    ['4xx', ['404']],
    ['5xx', ['500', 'failed message']],
    ['aborted', ['left']],
    ['running', ['open']],
  ] as const)('%s', (status, expected) => {
    const lines = records.map(({ key }) => aLine(key, { key }));
    expect(shown([...records, ...lines, aLine('boot')], { status })).toEqual({
      requests: expected,
      lines: expected,
    });
  });
});

describe('slower than', () => {
  it('is not as slow as', () => {
    const records = [
      aRequest('99', { duration_ms: 99.9 }),
      aRequest('100', { duration_ms: 100 }),
      aRequest('101', { duration_ms: 100.1 }),
      aLine('of the slow one', { key: '101' }),
      aLine('boot'),
    ];
    expect(shown(records, { slowerThanMs: 100 })).toEqual({
      requests: ['101'],
      lines: ['of the slow one'],
    });
  });

  it('counts for one that runs how long it has run already', () => {
    const records = [
      aRunningRequest('hangs', { at: Date.now() - START - 60_000 }),
      aRunningRequest('has begun', { at: Date.now() - START }),
    ];
    expect(shown(records, { slowerThanMs: 30_000 }).requests).toEqual(['hangs']);
  });
});

describe('several filters', () => {
  it('must all be met', () => {
    const records = [
      aRequest('1', { sessionId: 'alice', status_code: 404 }),
      aLine('one', { key: '1', level: 'warn', sessionId: 'alice' }),
      aLine('two', { key: '1', level: 'info', sessionId: 'alice' }),
    ];
    expect(shown(records, { session: 'alice', status: '4xx', level: 'warn', text: 'on' })).toEqual({
      requests: ['1'],
      lines: ['one'],
    });
    expect(shown(records, { session: 'alice', status: '5xx' })).toEqual(NOTHING);
  });
});
