import { describe, expect, it } from '@jest/globals';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { ViewRecord } from '../../../src/viewer/view-records.js';
import { MAX_MESSAGE } from '../../../src/viewer/server/text-limits.js';
import { readOtlp, type OtlpSignal } from '../../../src/viewer/receiver/read-otlp.js';
import { attributes, encoded, ENCODINGS, log, logsOf, span, tracesOf } from './otlp-bodies.js';

const SIGNALS: readonly OtlpSignal[] = ['traces', 'logs'];
const CASES = SIGNALS.flatMap((signal) => ENCODINGS.map((encoding) => [signal, encoding] as const));

const RICH = {
  attributes: attributes({
    'http.request.method': 'GET',
    'url.full': 'https://u:p@a.example:81/b?c=d#e',
    'request.id': 'r-1',
    n: -7,
    half: 0.5,
    list: ['a', { b: [true, null] }],
    bytes: Buffer.from('bytes'),
  }),
  status: { code: 2, message: 'bad' },
  events: [{ name: 'exception', attributes: attributes({ 'exception.type': 'E' }) }],
};
const SENDER = { resource: { attributes: attributes({ 'service.name': 'shop' }) }, scope: 'lib' };
const REQUESTS: Readonly<Record<OtlpSignal, object>> = {
  traces: tracesOf([span({ kind: 2, ...RICH }), span({ kind: 3, ...RICH })], SENDER),
  logs: logsOf([log({ ...RICH, severityText: 'INFO', body: { stringValue: 'text' } })], SENDER),
};

/** Keys that are read, in any order and at any depth, with anything under them. */
const KEYS = [
  ...['resourceSpans', 'scopeSpans', 'spans', 'resourceLogs', 'scopeLogs', 'logRecords'],
  ...['resource', 'scope', 'attributes', 'key', 'value', 'values', 'events', 'status', 'code'],
  ...['name', 'kind', 'traceId', 'spanId', 'parentSpanId', 'startTimeUnixNano', 'endTimeUnixNano'],
  ...['body', 'stringValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
  ...[
    'severityNumber',
    'severityText',
    'timeUnixNano',
    'toString',
    '__proto__',
    'toJSON',
    'length',
  ],
];

/** JSON that has the form of a request, down to where it has another. */
const arbitraryRequest = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 9 },
    fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', 'a'.repeat(32), 'b'.repeat(16), '17'),
    fc.jsonValue(),
    fc.array(tie('any'), { maxLength: 3 }),
    tie('record'),
  ),
  record: fc.dictionary(fc.constantFrom(...KEYS), tie('any'), { maxKeys: 6 }),
}));

/** The request of a signal with one of its values, anywhere in it, replaced. */
function replaced(request: unknown, path: readonly number[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof request !== 'object' || request === null) return value;
  const keys = Object.keys(request);
  if (keys.length === 0) return value;
  const key = keys[step % keys.length]!;
  const copy = (Array.isArray(request) ? [...request] : { ...request }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

/** What the trace viewer relies on for any input. Thousands of `expect` would take a minute. */
function assertSound(records: readonly ViewRecord[] | undefined): void {
  for (const record of records ?? []) {
    assert.notEqual(record.type, 'drops');
    if (record.type === 'drops') continue;
    const isLine = record.type === 'line';
    if (!isLine) assert.match(record.spanId!, /^[0-9a-f]{16}$/);
    if (!isLine) assert.ok(record.duration_ms! >= 0);
    if (record.w3cTraceId !== undefined) assert.match(record.w3cTraceId, /^[0-9a-f]{32}$/);
    assert.ok(!Number.isNaN(new Date(isLine ? record.time : record.startedAt).getTime()));
    assertBounded(record);
    JSON.stringify(record);
  }
}

function assertBounded(value: unknown): void {
  if (typeof value === 'string') assert.ok(value.length <= MAX_MESSAGE + 1);
  if (typeof value === 'number') assert.ok(Number.isFinite(value));
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(assertBounded);
}

describe.each(CASES)('a body of %s in %s', (signal, encoding) => {
  const read = async (body: Uint8Array) => readOtlp(signal, encoding, body);

  it('may be any bytes', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const isSound = fc.assert(
      fc.asyncProperty(bytes, async (body) => assertSound(await read(body))),
      { numRuns: 500 },
    );
    await expect(isSound).resolves.toBeUndefined();
  });

  it('may have any bytes changed, added or removed', async () => {
    const whole = encoded(signal, encoding, REQUESTS[signal]);
    const changes = fc.array(
      fc.tuple(fc.nat(whole.length - 1), fc.nat(2), fc.uint8Array({ maxLength: 4 })),
      { minLength: 1, maxLength: 4 },
    );
    const isSound = fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const bytes = [...whole];
        for (const [at, removed, added] of list) bytes.splice(at, removed, ...added);
        assertSound(await read(Uint8Array.from(bytes)));
      }),
      { numRuns: 500 },
    );
    await expect(isSound).resolves.toBeUndefined();
  });

  it('may have any one byte set to any value', async () => {
    const whole = encoded(signal, encoding, REQUESTS[signal]);
    let understood = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 0x22, 0x7f, 0xff, whole[at]! ^ 1, whole[at]! ^ 0x08]) {
        const records = await read(Uint8Array.from(whole).fill(value, at, at + 1));
        assertSound(records);
        if (records !== undefined) understood++;
      }
    }
    expect(understood).toBeGreaterThan(0);
  });
});

describe.each(SIGNALS)('JSON of %s', (signal) => {
  const read = async (json: unknown) => readOtlp(signal, 'json', Buffer.from(JSON.stringify(json)));

  it('may say anything under the names that are read', async () => {
    const isSound = fc.assert(
      fc.asyncProperty(arbitraryRequest.record, async (json) => assertSound(await read(json))),
      { numRuns: 500 },
    );
    await expect(isSound).resolves.toBeUndefined();
  });

  it('may have anything in any one place', async () => {
    const path = fc.array(fc.nat(20), { maxLength: 14 });
    const isSound = fc.assert(
      fc.asyncProperty(path, arbitraryRequest.any, async (steps, value) =>
        assertSound(await read(replaced(REQUESTS[signal], steps, value))),
      ),
      { numRuns: 500 },
    );
    await expect(isSound).resolves.toBeUndefined();
  });
});
