import { describe, expect, it } from '@jest/globals';
import {
  anyValue,
  attributes,
  ENCODINGS,
  log,
  readLine,
  SPAN_ID,
  START_MS,
  TRACE_ID,
} from './otlp-bodies.js';

describe.each(ENCODINGS)('a log record in %s', (encoding) => {
  const read = async (fields: object, scope?: string) =>
    readLine(encoding, log(fields), scope === undefined ? {} : { scope });

  it('is a line with its ids, its level and what else it says', async () => {
    const resource = { attributes: attributes({ 'service.name': 'shop' }) };
    const record = log({
      observedTimeUnixNano: '1800000000000000000',
      severityNumber: 13,
      severityText: 'WARN',
      body: anyValue('low'),
      attributes: attributes({ request_id: 'r-1', session_id: 's-1', left: 3, trace_id: 'x' }),
      traceId: TRACE_ID,
      spanId: SPAN_ID,
    });
    expect(await readLine(encoding, record, { resource, scope: 'Stock' })).toEqual({
      type: 'line',
      service: 'shop',
      time: START_MS,
      level: 'warn',
      message: 'low',
      traceId: TRACE_ID,
      w3cTraceId: TRACE_ID,
      spanId: SPAN_ID,
      requestId: 'r-1',
      sessionId: 's-1',
      context: 'Stock',
      fields: { left: 3 },
    });
  });

  it('needs nothing at all', async () => {
    const before = Date.now();
    const line = await readLine(encoding, {});
    expect(line).toEqual({
      type: 'line',
      service: 'unknown_service',
      time: line.time,
      level: 'info',
      message: '',
    });
    expect(line.time).toBeGreaterThanOrEqual(before);
    expect(line.time).toBeLessThanOrEqual(Date.now());
  });

  it('has the time of its observation when its own is missing', async () => {
    const times = { timeUnixNano: '0', observedTimeUnixNano: '1700000000000500000' };
    expect(await read(times)).toMatchObject({ time: 1_700_000_000_000.5 });
  });

  it.each([
    ['text', 'text'],
    ['', ''],
    [7, '7'],
    [-0.5, '-0.5'],
    [true, 'true'],
    [false, 'false'],
    [9_007_199_254_740_993n, '9007199254740993'],
    [-9_223_372_036_854_775_808n, '-9223372036854775808'],
    [['a', 1], '["a",1]'],
    [{ a: { b: [null] } }, '{"a":{"b":[null]}}'],
    [Buffer.from([1, 2]), 'AQI='],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [null, ''],
  ])('with the body %p says %s', async (body, message) => {
    expect(await read({ body: anyValue(body) })).toMatchObject({ message });
  });

  it('shows the name of its event when it has no body', async () => {
    const event = { eventName: 'order.placed' };
    expect(await read(event)).toMatchObject({ message: 'order.placed' });
    expect(await read({ ...event, body: anyValue('text') })).toMatchObject({ message: 'text' });
  });

  it.each([
    [{ severityText: 'INFO', severityNumber: 17 }, 'info'],
    [{ severityText: 'Audit' }, 'audit'],
    [{ severityNumber: 1 }, 'trace'],
    [{ severityNumber: 4 }, 'trace'],
    [{ severityNumber: 5 }, 'debug'],
    [{ severityNumber: 8 }, 'debug'],
    [{ severityNumber: 9 }, 'info'],
    [{ severityNumber: 12 }, 'info'],
    [{ severityNumber: 13 }, 'warn'],
    [{ severityNumber: 16 }, 'warn'],
    [{ severityNumber: 17 }, 'error'],
    [{ severityNumber: 20 }, 'error'],
    [{ severityNumber: 21 }, 'fatal'],
    [{ severityNumber: 24 }, 'fatal'],
    [{ severityNumber: 25 }, 'info'],
    [{ severityNumber: -1 }, 'info'],
    [{ severityNumber: 0 }, 'info'],
  ])('with %j has the level %s', async (severity, level) => {
    expect(await read(severity)).toMatchObject({ level });
  });

  it.each([
    ['com.example.Stock', 'com.example.Stock'],
    ['', undefined],
    ['nestjs-tracing', undefined],
    ['@opentelemetry/winston-transport', undefined],
    ['io.opentelemetry.java.bridge', undefined],
  ])('of the scope "%s" is by the logger %s', async (scope, context) => {
    expect((await read({}, scope)).context).toBe(context);
    const named = { attributes: attributes({ context: 'Own' }) };
    expect(await read(named, scope)).toMatchObject({ context: 'Own', fields: undefined });
  });

  it('has its error beside its fields', async () => {
    const values = {
      'exception.type': 'E',
      'exception.message': 'bad',
      'exception.stacktrace': 'E: bad\n at x',
      order: 7,
    };
    const line = await read({ attributes: attributes(values) });
    expect(line).toMatchObject({ error: 'E: bad\n at x', fields: { order: 7 } });
    expect(line.fields).toEqual({ order: 7 });
  });

  it.each([
    { traceId: 'ab', spanId: SPAN_ID },
    { traceId: TRACE_ID, spanId: 'ab' },
  ])('keeps its text when its ids are wrong: %j', async (ids) => {
    const line = await read({ ...ids, body: anyValue('text') });
    expect(line.message).toBe('text');
    expect([line.w3cTraceId, line.spanId]).toEqual([
      ids.traceId === TRACE_ID ? TRACE_ID : undefined,
      ids.spanId === SPAN_ID ? SPAN_ID : undefined,
    ]);
  });
});
