import type { PbfReader } from 'pbf';
import { MAX_ITEMS, type AnyValue, type OtlpDecoder, type OtlpItem } from './otlp-model.js';
import { readFields, readMessage, text } from './protobuf-fields.js';
import { readLog, readSpan } from './protobuf-records.js';
import { readKeyValue } from './protobuf-values.js';

/** Reads one record; `undefined` for one that cannot be shown. */
type ReadRecord<T> = (pbf: PbfReader) => T | undefined;

/** Reads a body of protobuf. Its functions throw for what is malformed. */
export async function protobufDecoder(body: Uint8Array): Promise<OtlpDecoder> {
  const { PbfReader } = await import('./pbf-reader.js');
  const pbf = new PbfReader(body);
  return { traces: () => readRequest(pbf, readSpan), logs: () => readRequest(pbf, readLog) };
}

/** The fields around spans and around log records have the same numbers. */
function readRequest<T>(pbf: PbfReader, readRecord: ReadRecord<T>): OtlpItem<T>[] {
  const items: OtlpItem<T>[] = [];
  readFields(pbf, (field) => {
    if (field === 1) readResource(pbf, readRecord, items);
  });
  return items;
}

function readResource<T>(pbf: PbfReader, readRecord: ReadRecord<T>, items: OtlpItem<T>[]): void {
  // Fields come in any order: this may be filled after its items have been read.
  const resource = new Map<string, AnyValue>();
  readMessage(pbf, (field) => {
    if (field === 1) readAttributes(pbf, resource);
    if (field === 2) readScope(pbf, resource, readRecord, items);
  });
}

function readAttributes(pbf: PbfReader, attributes: Map<string, AnyValue>): void {
  readMessage(pbf, (field) => {
    if (field === 1) readKeyValue(pbf, attributes);
  });
}

function readScope<T>(
  pbf: PbfReader,
  resource: Map<string, AnyValue>,
  readRecord: ReadRecord<T>,
  items: OtlpItem<T>[],
): void {
  let scope = '';
  const records: T[] = [];
  readMessage(pbf, (field) => {
    if (field === 1) scope = readName(pbf);
    if (field !== 2 || items.length + records.length >= MAX_ITEMS) return;
    const record = readRecord(pbf);
    if (record !== undefined) records.push(record);
  });
  for (const data of records) items.push({ resource, scope, data });
}

function readName(pbf: PbfReader): string {
  let name = '';
  readMessage(pbf, (field) => {
    if (field === 1) name = text(pbf);
  });
  return name;
}
