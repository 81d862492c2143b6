import type { PbfReader } from 'pbf';
import { MAX_VALUE_DEPTH, type AnyValue } from './otlp-data.js';
import { boolean, bytes, double, int64, message, text } from './protobuf-fields.js';

/** A value that is being read, and how many others it stands in. */
interface Slot {
  value: AnyValue;
  readonly depth: number;
}

interface Pair extends Slot {
  key: string;
}

/** A `KeyValue` that a field holds, added to what is known. */
export function readAttribute(pbf: PbfReader, attributes: Map<string, AnyValue>): void {
  const { key, value } = readPair(pbf, 0);
  attributes.set(key, value);
}

/** The `AnyValue` that a field holds. */
export function readAnyValue(pbf: PbfReader, depth = 0): AnyValue {
  const empty: Slot = { value: null, depth };
  return message(pbf, valueField, empty).value;
}

function readPair(pbf: PbfReader, depth: number): Pair {
  const empty: Pair = { key: '', value: null, depth };
  return message(pbf, pairField, empty);
}

/** @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto */
function pairField(field: number, pair: Pair, pbf: PbfReader): void {
  if (field === 1) pair.key = text(pbf);
  if (field === 2) pair.value = readAnyValue(pbf, pair.depth);
}

function valueField(field: number, slot: Slot, pbf: PbfReader): void {
  const depth = slot.depth + 1;
  if (field === 1) slot.value = text(pbf);
  if (field === 2) slot.value = boolean(pbf);
  if (field === 3) slot.value = int64(pbf);
  if (field === 4) slot.value = double(pbf);
  if (field === 5 && depth <= MAX_VALUE_DEPTH) slot.value = readArray(pbf, depth);
  if (field === 6 && depth <= MAX_VALUE_DEPTH) slot.value = readRecord(pbf, depth);
  if (field === 7) slot.value = bytes(pbf, 'base64');
}

function readArray(pbf: PbfReader, depth: number): AnyValue {
  const empty: AnyValue[] = [];
  return message(
    pbf,
    (field, items) => {
      if (field === 1) items.push(readAnyValue(pbf, depth));
    },
    empty,
  );
}

function readRecord(pbf: PbfReader, depth: number): AnyValue {
  const empty = new Map<string, AnyValue>();
  const entries = message(
    pbf,
    (field, record) => {
      if (field !== 1) return;
      const { key, value } = readPair(pbf, depth);
      record.set(key, value);
    },
    empty,
  );
  return Object.fromEntries(entries);
}
