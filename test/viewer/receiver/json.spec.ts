import { describe, expect, it } from '@jest/globals';
import { readOtlp, type OtlpSignal } from '../../../src/viewer/receiver/read-otlp.js';
import {
  anyValue,
  inner,
  log,
  logsOf,
  readLine,
  readSpan,
  span,
  SPAN_ID,
  START_MS,
  TRACE_ID,
  tracesOf,
} from './otlp-bodies.js';

const read = async (signal: OtlpSignal, json: unknown) =>
  readOtlp(signal, 'json', Buffer.from(JSON.stringify(json)));

describe('the JSON of OTLP', () => {
  it.each([TRACE_ID, TRACE_ID.toUpperCase()])('has ids in any case: %s', async (traceId) => {
    const record = await readSpan('json', span({ traceId, spanId: SPAN_ID.toUpperCase() }));
    expect(record).toMatchObject({ w3cTraceId: TRACE_ID, spanId: SPAN_ID });
  });

  it.each([
    [1_700_000_000_123_456_768, START_MS],
    ['1700000000123456789', START_MS],
    [1, 0],
    ['18446744073709551615', 18_446_744_073_709.55],
  ])('has times as numbers or digits: %s', async (startTimeUnixNano, startedAt) => {
    const record = await readSpan('json', inner({ startTimeUnixNano }));
    expect((record as { startedAt: number }).startedAt).toBeCloseTo(startedAt, 2);
  });

  it.each([
    '18446744073709551616',
    '99999999999999999999',
    '999999999999999999999',
    '-1',
    -1,
    0,
    0.5,
    1e300,
    '1e18',
    '0x10',
    ' 1',
    '',
    'NaN',
    null,
    {},
    [1],
    true,
  ])('has no time of %j: its span is left out', async (startTimeUnixNano) => {
    expect(await read('traces', tracesOf([span({ startTimeUnixNano })]))).toEqual([]);
  });

  it.each([
    ['SPAN_KIND_SERVER', { type: 'request', kind: 'message' }],
    ['SPAN_KIND_CONSUMER', { type: 'request', kind: 'message' }],
    ['SPAN_KIND_CLIENT', { type: 'span', kind: 'client' }],
    ['SPAN_KIND_PRODUCER', { type: 'span', kind: 'producer' }],
    ['SPAN_KIND_INTERNAL', { type: 'span', kind: 'internal' }],
    ['SERVER', { type: 'span', kind: 'internal' }],
    ['constructor', { type: 'span', kind: 'internal' }],
    [null, { type: 'span', kind: 'internal' }],
  ])('may have kinds by name: %s', async (kind, expected) => {
    expect(await readSpan('json', inner({ kind }))).toMatchObject(expected);
  });

  it.each([
    ['STATUS_CODE_ERROR', true],
    ['STATUS_CODE_OK', undefined],
    [2, true],
    ['2', undefined],
  ])('may have the status by name: %s', async (code, failed) => {
    expect(await readSpan('json', inner({ status: { code } }))).toHaveProperty('failed', failed);
  });

  it.each([
    ['SEVERITY_NUMBER_TRACE', 'trace'],
    ['SEVERITY_NUMBER_WARN4', 'warn'],
    ['SEVERITY_NUMBER_FATAL4', 'fatal'],
    ['SEVERITY_NUMBER_UNSPECIFIED', 'info'],
  ])('may have severities by name: %s', async (severityNumber, level) => {
    expect(await readLine('json', log({ severityNumber }))).toMatchObject({ level });
  });

  it.each([
    [{ intValue: 7 }, '7'],
    [{ intValue: '7' }, '7'],
    [{ intValue: 'seven' }, '0'],
    [{ intValue: '9'.repeat(20) }, '9'.repeat(20)],
    [{ intValue: '9'.repeat(21) }, '0'],
    [{ doubleValue: '0.5' }, '0.5'],
    [{ doubleValue: 'Infinity' }, 'Infinity'],
    [{ doubleValue: { valueOf: 1, toString: 1 } }, 'NaN'],
    [{ stringValue: 7 }, ''],
    [{ stringValue: null, boolValue: false }, 'false'],
    [{ boolValue: 'true' }, 'false'],
    [{ arrayValue: {} }, '[]'],
    [{ kvlistValue: {} }, '{}'],
    [{ string_value: 'no' }, ''],
    [null, ''],
  ])('reads the value %j as "%s"', async (body, message) => {
    expect(await readLine('json', log({ body }))).toMatchObject({ message });
  });

  it.each([{}, { resourceSpans: null }, { resource_spans: [{}] }, { other: 1 }])(
    'may be empty, or know what we do not: %j',
    async (json) => {
      expect(await read('traces', json)).toEqual([]);
      expect(await read('logs', json)).toEqual([]);
    },
  );

  it.each([
    { resourceSpans: [{ scopeSpans: null, resource: null }] },
    { resourceSpans: [{ scopeSpans: [{ scope: null, spans: null }] }] },
    { resourceSpans: [{ resource: { attributes: null } }, {}] },
  ])('may have null for what is missing: %j', async (json) => {
    expect(await read('traces', json)).toEqual([]);
  });

  it.each([
    null,
    7,
    'text',
    [],
    [{ resourceSpans: [] }],
    { resourceSpans: {} },
    { resourceSpans: 'text' },
    { resourceSpans: [7] },
    { resourceSpans: [null] },
    { resourceSpans: [[]] },
    { resourceSpans: [{ resource: 7 }] },
    { resourceSpans: [{ resource: { attributes: {} } }] },
    { resourceSpans: [{ scopeSpans: {} }] },
    { resourceSpans: [{ scopeSpans: [{ scope: [] }] }] },
    { resourceSpans: [{ scopeSpans: [{ spans: {} }] }] },
    tracesOf([span({ attributes: {} })]),
    tracesOf([span({ attributes: [{ key: 'a', value: 7 }] })]),
    tracesOf([span({ attributes: [{ key: 'a', value: { arrayValue: { values: {} } } }] })]),
    tracesOf([span({ events: 7 })]),
    tracesOf([span({ status: 'STATUS_CODE_ERROR' })]),
  ])('is malformed when its structure is another: %j', async (json) => {
    expect(await read('traces', json)).toBeUndefined();
  });

  it.each([
    { resourceLogs: {} },
    { resourceLogs: [{ scopeLogs: [{ logRecords: [7] }] }] },
    logsOf([log({ body: 'text' })]),
  ])('of logs is malformed when its structure is another: %j', async (json) => {
    expect(await read('logs', json)).toBeUndefined();
  });

  it.each(['', '{', '{"resourceSpans":[}', '{} {}', '\0'])('is not "%s"', async (text) => {
    expect(await readOtlp('traces', 'json', Buffer.from(text))).toBeUndefined();
  });

  it('may begin with a byte order mark, and have text that is no UTF-8', async () => {
    const [head, tail] = JSON.stringify(logsOf([log({ body: anyValue('|') })])).split('|');
    const body = Buffer.concat([
      Buffer.from('\uFEFF' + head),
      Buffer.from([0xc3]),
      Buffer.from(tail!),
    ]);
    expect(await readOtlp('logs', 'json', body)).toMatchObject([{ message: '\uFFFD' }]);
  });
});
