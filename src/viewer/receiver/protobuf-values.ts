import { MAX_VALUE_DEPTH, type AnyValue } from './otlp-model.js';
import {
  boolean,
  bytes,
  double,
  int64,
  readMessage,
  text,
  type OtlpReader,
} from './protobuf-fields.js';

/**
 * Reads the `KeyValue` that a field holds.
 *
 * @param depth how many values its own is nested in.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
 */
export function readKeyValue(pbf: OtlpReader, into: Map<string, AnyValue>, depth = 0): void {
  let key = '';
  let value: AnyValue = null;
  readMessage(pbf, (field) => {
    if (field === 1) key = text(pbf);
    if (field === 2) value = anyValue(pbf, depth);
  });
  into.set(key, value);
}

/** The `AnyValue` that a field holds. */
export function anyValue(pbf: OtlpReader, depth = 0): AnyValue {
  let value: AnyValue = null;
  readMessage(pbf, (field) => {
    if (field === 1) value = text(pbf);
    if (field === 2) value = boolean(pbf);
    if (field === 3) value = int64(pbf);
    if (field === 4) value = double(pbf);
    if (field === 5 && depth < MAX_VALUE_DEPTH) value = arrayValue(pbf, depth + 1);
    if (field === 6 && depth < MAX_VALUE_DEPTH) value = recordValue(pbf, depth + 1);
    if (field === 7) value = bytes(pbf, 'base64');
  });
  return value;
}

function arrayValue(pbf: OtlpReader, depth: number): AnyValue {
  const items: AnyValue[] = [];
  readMessage(pbf, (field) => {
    if (field === 1) items.push(anyValue(pbf, depth));
  });
  return items;
}

function recordValue(pbf: OtlpReader, depth: number): AnyValue {
  const entries = new Map<string, AnyValue>();
  readMessage(pbf, (field) => {
    if (field === 1) readKeyValue(pbf, entries, depth);
  });
  return Object.fromEntries(entries);
}
