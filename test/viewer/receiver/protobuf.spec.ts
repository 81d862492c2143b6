import { describe, expect, it } from '@jest/globals';
import { readOtlp } from '../../../src/viewer/receiver/read-otlp.js';
import { attributes, encoded, logsOf, log, span, tracesOf } from './otlp-bodies.js';

const SENDER = { resource: { attributes: attributes({ 'service.name': 'shop' }) }, scope: 'lib' };
const WHOLE = encoded('traces', 'protobuf', tracesOf([span()], SENDER));
/** Fields with unused numbers, one of each type. */
const UNKNOWN = [
  [0x98, 0x06, 0x96, 0x01],
  [0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
  [0x9a, 0x06, 0x03, 0x61, 0x62, 0x63],
  [0x9a, 0x06, 0x00],
  [0x9d, 0x06, 1, 2, 3, 4],
];

const read = async (...parts: (Uint8Array | number[])[]) =>
  readOtlp('traces', 'protobuf', Buffer.concat(parts.map((part) => Buffer.from(part))));

/** A field that holds a message, or bytes. */
function field(number: number, ...parts: (Uint8Array | number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  expect(content.length).toBeLessThan(128);
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
}

/** A request with one span that has these fields too. */
const withSpan = (...fields: (Uint8Array | number[])[]): Buffer =>
  field(1, field(2, field(2, minimalSpan(), ...fields)));

function minimalSpan(): Buffer {
  return Buffer.concat([
    field(1, Buffer.alloc(16, 0xaa)),
    field(2, Buffer.alloc(8, 0xbb)),
    Buffer.from([0x39, 0, 0, 0, 0, 0, 0, 0, 0x10]),
  ]);
}

describe('the protobuf of OTLP', () => {
  it('may be empty, or several requests in a row', async () => {
    expect(await read()).toEqual([]);
    expect(await read([0x0a, 0])).toEqual([]);
    expect(await read(WHOLE, WHOLE)).toHaveLength(2);
  });

  it.each(UNKNOWN.map((bytes) => [Buffer.from(bytes).toString('hex'), bytes] as const))(
    'may know more than we do: %s',
    async (_hex, unknown) => {
      const [known] = (await read(withSpan()))!;
      expect(await read(withSpan(unknown))).toEqual([known]);
      expect(await read(unknown, withSpan(), unknown)).toEqual([known]);
      const nested = field(1, unknown, field(2, unknown, field(2, unknown, minimalSpan())));
      expect(await read(nested)).toEqual([known]);
    },
  );

  it('may have the resource after the spans', async () => {
    const keyValue = field(1, field(1, Buffer.from('service.name')), field(2, field(1, [0x61])));
    const scope = field(2, field(2, minimalSpan()), field(1, field(1, Buffer.from('lib'))));
    expect(await read(field(1, scope, field(1, keyValue)))).toMatchObject([{ service: 'a' }]);
  });

  it.each([
    [[0x08, 0x00], 'a trace id that is a number'],
    [[0x28, 0x00], 'a name that is a number'],
    [[0x32, 0x00], 'a kind that is a text'],
    [[0x3a, 0x07, 1, 2, 3, 4, 5, 6, 7], 'a start that is a text'],
    [[0x48, 0x00], 'an attribute that is a number'],
    [[0x78, 0x00], 'a status that is a number'],
    [[0x4a, 0x03, 0x12, 0x01, 0x18], 'a value that ends too early'],
    [[0x4a, 0x04, 0x12, 0x02, 0x08, 0x00], 'a text value that is a number'],
    [[0x4a, 0x04, 0x12, 0x02, 0x12, 0x00], 'a boolean that is a text'],
    [[0x4a, 0x04, 0x12, 0x02, 0x1a, 0x00], 'an integer that is a text'],
    [[0x4a, 0x0b, 0x12, 0x09, 0x22, 0x07, 1, 2, 3, 4, 5, 6, 7], 'a double that is a text'],
    [[0x2a, 0x05, 0x61], 'a name that goes on behind its span'],
    [[0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 'a length beyond all'],
    [[0x9a, 0x06, 0x05], 'an unknown field that goes on behind its span'],
    [[0x98, 0x06, 0x80], 'an unknown number that does not end'],
    [[0x02, 0x00], 'a field of number 0'],
    [[0x0b, 0x0c], 'a group'],
    [[0x0e], 'a type that there is not'],
    [[0x0f], 'another type that there is not'],
    [[0x30, ...Array<number>(10).fill(0xff), 0x01], 'a number of 11 bytes'],
    [[0x39, 1, 2, 3], 'a time that ends too early'],
  ])('is malformed with %j: %s', async (bytes) => {
    expect(await read(withSpan())).toHaveLength(1);
    expect(await read(withSpan(bytes))).toBeUndefined();
  });

  it.each(['traces', 'logs'] as const)(
    'of %s is malformed wherever it is cut off',
    async (signal) => {
      const rich = { attributes: attributes({ a: 'text', b: [1, 0.5, { c: true }] }) };
      const request =
        signal === 'traces'
          ? tracesOf([span({ ...rich, events: [{ name: 'exception', ...rich }] })], SENDER)
          : logsOf([log({ ...rich, severityText: 'INFO', body: { stringValue: 'text' } })], SENDER);
      const whole = encoded(signal, 'protobuf', request);
      expect(await readOtlp(signal, 'protobuf', whole)).toHaveLength(1);
      for (let length = 1; length < whole.length; length++) {
        expect(await readOtlp(signal, 'protobuf', whole.subarray(0, length))).toBeUndefined();
      }
    },
  );

  it('may be a part of a larger buffer', async () => {
    const padded = Buffer.concat([Buffer.alloc(7, 0xff), WHOLE, Buffer.alloc(7, 0xff)]);
    expect(await read(padded.subarray(7, 7 + WHOLE.length))).toHaveLength(1);
    expect(await readOtlp('traces', 'protobuf', padded.subarray(7, -7))).toHaveLength(1);
  });
});
