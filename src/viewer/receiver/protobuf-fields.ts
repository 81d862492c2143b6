import type { PbfReader } from 'pbf';

/** Reads one field. A field that it does not read is skipped. */
export type ReadField = (field: number) => void;

/** @see https://protobuf.dev/programming-guides/encoding/#structure */
const WIRE = { VARINT: 0, FIXED64: 1, LENGTH: 2 } as const;

/**
 * Reads the fields of a message, up to its end.
 *
 * @throws where the fields do not end there: the body is truncated, or no protobuf.
 */
export function readFields(pbf: PbfReader, readField: ReadField, end = pbf.length): void {
  pbf.readFields(readField, undefined, end);
  if (pbf.pos !== end) throw malformed();
}

/** Reads the message that a field holds. */
export function readMessage(pbf: PbfReader, readField: ReadField): void {
  expectWire(pbf, WIRE.LENGTH);
  const length = pbf.readVarint();
  readFields(pbf, readField, pbf.pos + length);
}

export function text(pbf: PbfReader): string {
  expectWire(pbf, WIRE.LENGTH);
  return pbf.readString();
}

export function bytes(pbf: PbfReader, encoding: 'hex' | 'base64'): string {
  expectWire(pbf, WIRE.LENGTH);
  return Buffer.from(pbf.readBytes()).toString(encoding);
}

export function boolean(pbf: PbfReader): boolean {
  expectWire(pbf, WIRE.VARINT);
  return pbf.readBoolean();
}

/** A number, or the digits of one that is too large to be exact. */
export function int64(pbf: PbfReader): number | string {
  expectWire(pbf, WIRE.VARINT);
  const start = pbf.pos;
  const value = pbf.readVarint(true);
  if (Number.isSafeInteger(value)) return value;
  const groups = pbf.buf.subarray(start, pbf.pos);
  const digits = groups.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
  return String(BigInt.asIntN(64, digits));
}

export function enumeration(pbf: PbfReader): number {
  expectWire(pbf, WIRE.VARINT);
  return pbf.readVarint();
}

export function double(pbf: PbfReader): number {
  expectWire(pbf, WIRE.FIXED64);
  return pbf.readDouble();
}

export function fixed64(pbf: PbfReader): bigint {
  expectWire(pbf, WIRE.FIXED64);
  const value = pbf.dataView.getBigUint64(pbf.pos, true);
  pbf.pos += 8;
  return value;
}

function expectWire(pbf: PbfReader, type: number): void {
  if (pbf.type !== type) throw malformed();
}

function malformed(): Error {
  return new Error('malformed protobuf');
}
