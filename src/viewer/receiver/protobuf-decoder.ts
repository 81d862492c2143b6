import { MAX_ITEMS, type AnyValue, type OtlpDecoder, type OtlpItem } from './otlp-model.js';
import {
  endOfMessage,
  readFieldsInSteps,
  readMessage,
  text,
  type OtlpReader,
} from './protobuf-fields.js';
import { readLog, readSpan } from './protobuf-records.js';
import { readKeyValue } from './protobuf-values.js';
import type { Work } from './slices.js';

/** Reads one record; `undefined` for one that cannot be shown. */
type ReadRecord<T> = (pbf: OtlpReader) => T | undefined;

/** How many fields of a record are read, those of its values and events included. */
const MAX_RECORD_FIELDS = 32_768;

/** Reads a body of protobuf. Its functions throw for what is malformed. */
export async function protobufDecoder(body: Uint8Array): Promise<OtlpDecoder> {
  const { PbfReader } = await import('./pbf-reader.js');
  const pbf = Object.assign(new PbfReader(body), { fieldsLeft: MAX_RECORD_FIELDS });
  return { traces: () => readRequest(pbf, readSpan), logs: () => readRequest(pbf, readLog) };
}

/** The fields around spans and around log records have the same numbers. */
function* readRequest<T>(pbf: OtlpReader, readRecord: ReadRecord<T>): Work<OtlpItem<T>[]> {
  const items: OtlpItem<T>[] = [];
  yield* readFieldsInSteps(pbf, (field) => {
    if (field === 1) return readResource(pbf, readRecord, items);
  });
  return items;
}

function readResource<T>(
  pbf: OtlpReader,
  readRecord: ReadRecord<T>,
  items: OtlpItem<T>[],
): Work<void> {
  // Fields come in any order: this may be filled after its items have been read.
  const resource = new Map<string, AnyValue>();
  const readField = (field: number): Work<void> | void => {
    if (field === 1) readAttributes(pbf, resource);
    if (field === 2) return readScope(pbf, resource, readRecord, items);
  };
  return readFieldsInSteps(pbf, readField, endOfMessage(pbf));
}

function readAttributes(pbf: OtlpReader, attributes: Map<string, AnyValue>): void {
  pbf.fieldsLeft = MAX_RECORD_FIELDS;
  readMessage(pbf, (field) => {
    if (field === 1) readKeyValue(pbf, attributes);
  });
}

function* readScope<T>(
  pbf: OtlpReader,
  resource: Map<string, AnyValue>,
  readRecord: ReadRecord<T>,
  items: OtlpItem<T>[],
): Work<void> {
  let scope = '';
  const records: T[] = [];
  const readField = (field: number): void => {
    if (field === 1) scope = readName(pbf);
    if (field !== 2 || items.length + records.length >= MAX_ITEMS) return;
    pbf.fieldsLeft = MAX_RECORD_FIELDS;
    const record = readRecord(pbf);
    if (record !== undefined) records.push(record);
  };
  yield* readFieldsInSteps(pbf, readField, endOfMessage(pbf));
  for (const data of records) items.push({ resource, scope, data });
}

function readName(pbf: OtlpReader): string {
  let name = '';
  pbf.fieldsLeft = MAX_RECORD_FIELDS;
  readMessage(pbf, (field) => {
    if (field === 1) name = text(pbf);
  });
  return name;
}
