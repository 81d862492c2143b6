import {
  MAX_ITEMS,
  MAX_SCOPES,
  type AnyValue,
  type OtlpDecoder,
  type OtlpItem,
} from './otlp-model.js';
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

/** What is read of one body. */
interface Reading<T> {
  readonly pbf: OtlpReader;
  readonly readRecord: ReadRecord<T>;
  readonly items: OtlpItem<T>[];
  scopes: number;
  records: number;
}

/** The fields around spans and around log records have the same numbers. */
function* readRequest<T>(pbf: OtlpReader, readRecord: ReadRecord<T>): Work<OtlpItem<T>[]> {
  const reading: Reading<T> = { pbf, readRecord, items: [], scopes: 0, records: 0 };
  yield* readFieldsInSteps(pbf, (field) =>
    field === 1 && ++reading.scopes <= MAX_SCOPES ? readResource(reading) : undefined,
  );
  return reading.items;
}

function readResource<T>(reading: Reading<T>): Work<void> {
  const { pbf } = reading;
  // Fields come in any order: this may be filled after its items have been read.
  const resource = new Map<string, AnyValue>();
  const readField = (field: number): Work<void> | void => {
    if (field === 1) readAttributes(pbf, resource);
    if (field === 2 && ++reading.scopes <= MAX_SCOPES) return readScope(reading, resource);
  };
  return readFieldsInSteps(pbf, readField, endOfMessage(pbf));
}

function readAttributes(pbf: OtlpReader, attributes: Map<string, AnyValue>): void {
  pbf.fieldsLeft = MAX_RECORD_FIELDS;
  readMessage(pbf, (field) => {
    if (field === 1) readKeyValue(pbf, attributes);
  });
}

function* readScope<T>(reading: Reading<T>, resource: Map<string, AnyValue>): Work<void> {
  const { pbf, readRecord, items } = reading;
  let scope = '';
  const records: T[] = [];
  const readField = (field: number): void => {
    if (field === 1) scope = readName(pbf);
    if (field !== 2 || ++reading.records > MAX_ITEMS) return;
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
