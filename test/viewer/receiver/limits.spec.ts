import { describe, expect, it } from '@jest/globals';
import type { ViewRequest, ViewSpan } from '../../../src/viewer/view-records.js';
import { MAX_MESSAGE, MAX_TEXT } from '../../../src/viewer/server/text-limits.js';
import { MAX_ITEMS, MAX_VALUE_DEPTH } from '../../../src/viewer/receiver/otlp-model.js';
import { readOtlp } from '../../../src/viewer/receiver/read-otlp.js';
import { MAX_ATTRIBUTES } from '../../../src/viewer/receiver/attribute-filter.js';
import {
  anyValue,
  attributes,
  encoded,
  ENCODINGS,
  inner,
  log,
  logsOf,
  readLine,
  readSpan,
  readSpans,
  span,
  tracesOf,
} from './otlp-bodies.js';

const TEXTS = [
  [MAX_TEXT, MAX_TEXT],
  [MAX_TEXT + 1, MAX_TEXT + 1],
  [MAX_TEXT * 4, MAX_TEXT + 1],
] as const;
const MESSAGES = [
  [MAX_MESSAGE, MAX_MESSAGE],
  [MAX_MESSAGE + 1, MAX_MESSAGE + 1],
  [MAX_MESSAGE * 4, MAX_MESSAGE + 1],
] as const;
/** A value in so many arrays, or records. */
const nested = (depth: number, wrap: (value: unknown) => unknown): unknown =>
  depth === 0 ? 'core' : wrap(nested(depth - 1, wrap));
const WRAPS = [(value: unknown) => [value], (value: unknown) => ({ in: value })];

it('has the limits that are promised', () => {
  expect([MAX_TEXT, MAX_MESSAGE, MAX_ATTRIBUTES]).toEqual([4096, 16_384, 64]);
});

describe.each(ENCODINGS)('from %s', (encoding) => {
  it.each(TEXTS)(
    'a text of %i characters has %i, the last an ellipsis if cut',
    async (given, kept) => {
      const text = 'x'.repeat(given);
      const values = attributes({ [text]: text, 'code.function.name': text, 'http.method': text });
      const resource = { attributes: attributes({ 'service.name': text }) };
      const operation = inner({ name: text, attributes: values });
      const request = span({ name: text, kind: 2, attributes: values });
      const shown = (await readSpan(encoding, operation, { resource })) as ViewSpan;
      const [[key, value]] = Object.entries(shown.attributes!) as [[string, string]];
      const { handler, method } = (await readSpan(encoding, request)) as ViewRequest;
      for (const one of [key, value, shown.name, shown.service, handler!, method!]) {
        expect(one).toHaveLength(kept);
        expect(one.endsWith('…')).toBe(given > MAX_TEXT);
      }
      const line = await readLine(encoding, log({ severityText: text, attributes: values }), {
        scope: text,
      });
      expect([line.level.length, line.context!.length]).toEqual([kept, kept]);
    },
  );

  it.each(MESSAGES)('a message of %i characters has %i', async (given, kept) => {
    const text = 'x'.repeat(given);
    const error = attributes({ 'exception.stacktrace': text });
    const line = await readLine(encoding, log({ body: anyValue(text), attributes: error }));
    expect([line.message.length, line.error!.length]).toEqual([kept, kept]);
    const events = [{ name: 'exception', attributes: attributes({ 'exception.message': text }) }];
    for (const failure of [{ events }, { status: { code: 2, message: text } }]) {
      const { error } = (await readSpan(encoding, inner(failure))) as ViewSpan;
      expect(error).toHaveLength(kept);
    }
    expect((await readLine(encoding, log({ eventName: text }))).message).toHaveLength(kept);
    const json = await readLine(encoding, log({ body: anyValue([text.slice(4)]) }));
    expect(json.message).toHaveLength(kept);
  });

  it.each([
    [MAX_ATTRIBUTES, MAX_ATTRIBUTES],
    [MAX_ATTRIBUTES + 1, MAX_ATTRIBUTES],
  ])(
    'of %i attributes there are %i, and what a request says is found behind them',
    async (given, kept) => {
      const many = Object.fromEntries(Array.from({ length: given }, (_, n) => [`a${n}`, n]));
      const values = attributes({ 'url.query': 'hidden', ...many });
      const { attributes: shown } = (await readSpan(
        encoding,
        inner({ attributes: values }),
      )) as ViewSpan;
      expect(Object.keys(shown!)).toEqual(Object.keys(many).slice(0, kept));
      const line = await readLine(encoding, log({ attributes: values }));
      expect(Object.keys(line.fields!)).toHaveLength(kept);
      const behind = attributes({ ...many, 'http.method': 'GET', 'http.target': '/a' });
      expect(await readSpan(encoding, span({ kind: 2, attributes: behind }))).toMatchObject({
        method: 'GET',
        path: '/a',
      });
    },
  );

  it.each(WRAPS)('a value is as deep as it may be, with %s', async (wrap) => {
    const read = async (depth: number) =>
      (await readLine(encoding, log({ body: anyValue(nested(depth, wrap)) }))).message;
    expect(await read(MAX_VALUE_DEPTH)).toBe(JSON.stringify(nested(MAX_VALUE_DEPTH, wrap)));
    const cut = JSON.stringify(nested(MAX_VALUE_DEPTH, wrap)).replace('"core"', 'null');
    expect(await read(MAX_VALUE_DEPTH + 1)).toBe(cut);
    expect(await read(MAX_VALUE_DEPTH + 50)).toBe(cut);
  });

  it('takes so many spans, and no more', async () => {
    const spans = Array.from({ length: MAX_ITEMS }, () => span());
    expect(await readSpans(encoding, spans)).toHaveLength(MAX_ITEMS);
    expect(await readSpans(encoding, [...spans, span()])).toHaveLength(MAX_ITEMS);
    const one = (tracesOf([span()]) as { resourceSpans: object[] }).resourceSpans;
    const many = (tracesOf(spans.slice(1)) as { resourceSpans: object[] }).resourceSpans;
    const several = { resourceSpans: [...one, ...many, ...one, ...many] };
    const records = await readOtlp('traces', encoding, encoded('traces', encoding, several));
    expect(records).toHaveLength(MAX_ITEMS);
  });

  it('takes so many log records, and no more', async () => {
    const logs = Array.from({ length: MAX_ITEMS + 1 }, () => log());
    const body = encoded('logs', encoding, logsOf(logs));
    expect(await readOtlp('logs', encoding, body)).toHaveLength(MAX_ITEMS);
  });

  it('takes a key of any name for a key', async () => {
    const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toJSON', ''];
    const values = odd.map((key) => ({ key, value: { stringValue: key } }));
    const body = { kvlistValue: { values } };
    const record = await readSpan(encoding, inner({ attributes: values }));
    const line = await readLine(encoding, log({ attributes: values, body }));
    const expected = JSON.stringify(Object.fromEntries(odd.map((key) => [key, key])));
    expect(JSON.stringify((record as ViewSpan).attributes)).toBe(expected);
    expect(JSON.stringify(line.fields)).toBe(expected);
    expect(line.message).toBe(expected);
    expect(({} as Record<string, unknown>)['stringValue']).toBeUndefined();
  });
});

const MEBIBYTE = 2 ** 20;

it.each<[string, 'json' | 'protobuf', () => Uint8Array]>([
  ['empty groups', 'protobuf', () => repeated([0x0a, 0])],
  ['empty scopes', 'protobuf', () => framed(0x0a, repeated([0x12, 0]))],
  ['empty spans', 'protobuf', () => framed(0x0a, framed(0x12, repeated([0x12, 0])))],
  ['deep values', 'protobuf', () => deepProtobuf(20_000)],
  ['empty groups', 'json', () => Buffer.from(`{"resourceSpans":[${'{},'.repeat(MEBIBYTE)}{}]}`)],
  ['deep arrays', 'json', () => Buffer.from('['.repeat(MEBIBYTE) + ']'.repeat(MEBIBYTE))],
  ['deep objects', 'json', () => Buffer.from('{"resourceSpans":'.repeat(MEBIBYTE / 8))],
])('is not kept busy by a body of %s in %s', async (_name, encoding, body) => {
  const bytes = body();
  const before = process.cpuUsage();
  const records = (await readOtlp('traces', encoding, bytes)) ?? [];
  expect(records).toEqual([]);
  // About a second on an idle machine; what looks again at what it has seen takes minutes.
  expect(process.cpuUsage(before).user).toBeLessThan(6_000_000);
});

function repeated(bytes: readonly number[]): Uint8Array {
  return Buffer.alloc(4 * MEBIBYTE, Buffer.from(bytes));
}

function framed(tag: number, content: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) break;
  }
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

/** An attribute whose value is an array in an array, and so on. */
function deepProtobuf(depth: number): Uint8Array {
  let value: Uint8Array = Buffer.from([0x08, 0]);
  for (let level = 0; level < depth; level++) value = framed(0x0a, framed(0x2a, value).subarray());
  const attribute = framed(0x4a, framed(0x12, value));
  return framed(0x0a, framed(0x12, framed(0x12, attribute)));
}
