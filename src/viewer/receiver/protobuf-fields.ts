import type { PbfReader } from 'pbf';
import type { Work } from './slices.js';

/** Reads one field. A field that it does not read is skipped. */
export type ReadField = (field: number) => void;

/** @see https://protobuf.dev/programming-guides/encoding/#structure */
const WIRE = { VARINT: 0, FIXED64: 1, LENGTH: 2 } as const;

/**
 * The reader of a body, with the number of fields that may still be read of the record at hand. What
 * is beyond that is left out.
 */
export type OtlpReader = PbfReader & { fieldsLeft: number };

/**
 * Reads the fields of a message, up to its end.
 *
 * @throws where the fields do not end there: the body is truncated, or no protobuf.
 */
function readFields(pbf: OtlpReader, readField: ReadField, end: number): void {
  for (let field = pbf.nextField(end); field !== 0; field = pbf.nextField(end)) {
    if (pbf.fieldsLeft-- <= 0) {
      expectInside(pbf, end);
      pbf.pos = end;
      return;
    }
    readField(field);
  }
  if (pbf.pos !== end) throw malformed();
}

/** Reads the fields of a message as {@link readFields} does, in steps: for those of any size. */
export function* readFieldsInSteps(
  pbf: OtlpReader,
  readField: (field: number) => Work<void> | void,
  end = pbf.length,
): Work<void> {
  for (let field = pbf.nextField(end); field !== 0; field = pbf.nextField(end)) {
    const inner = readField(field);
    if (inner !== undefined) yield* inner;
    yield;
  }
  if (pbf.pos !== end) throw malformed();
}

/** The end of the message that a field holds. */
export function endOfMessage(pbf: OtlpReader): number {
  expectWire(pbf, WIRE.LENGTH);
  return pbf.readVarint() + pbf.pos;
}

/** Reads the message that a field holds. */
export function readMessage(pbf: OtlpReader, readField: ReadField): void {
  readFields(pbf, readField, endOfMessage(pbf));
}

export function text(pbf: OtlpReader): string {
  expectWire(pbf, WIRE.LENGTH);
  return pbf.readString();
}

export function bytes(pbf: OtlpReader, encoding: 'hex' | 'base64'): string {
  expectWire(pbf, WIRE.LENGTH);
  return Buffer.from(pbf.readBytes()).toString(encoding);
}

export function boolean(pbf: OtlpReader): boolean {
  expectWire(pbf, WIRE.VARINT);
  return pbf.readBoolean();
}

/** A number, or the digits of one that is too large to be exact. */
export function int64(pbf: OtlpReader): number | string {
  expectWire(pbf, WIRE.VARINT);
  const start = pbf.pos;
  const value = pbf.readVarint(true);
  if (Number.isSafeInteger(value)) return value;
  const groups = pbf.buf.subarray(start, pbf.pos);
  const digits = groups.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
  return String(BigInt.asIntN(64, digits));
}

export function enumeration(pbf: OtlpReader): number {
  expectWire(pbf, WIRE.VARINT);
  return pbf.readVarint();
}

export function double(pbf: OtlpReader): number {
  expectWire(pbf, WIRE.FIXED64);
  return pbf.readDouble();
}

export function fixed64(pbf: OtlpReader): bigint {
  expectWire(pbf, WIRE.FIXED64);
  const value = pbf.dataView.getBigUint64(pbf.pos, true);
  pbf.pos += 8;
  return value;
}

function expectWire(pbf: OtlpReader, type: number): void {
  if (pbf.type !== type) throw malformed();
}

function expectInside(pbf: OtlpReader, end: number): void {
  if (!(end <= pbf.length)) throw malformed();
}

function malformed(): Error {
  return new Error('malformed protobuf');
}
