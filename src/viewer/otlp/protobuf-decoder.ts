import type { PbfReader } from 'pbf';
import { spanIdOf, traceIdOf } from './hex-ids.js';
import {
  unixNanos,
  type AnyValue,
  type OtlpAttributes,
  type OtlpDecoder,
  type OtlpLog,
  type OtlpSpan,
  type OtlpStatus,
  type ResourceData,
  type ScopeData,
} from './otlp-data.js';
import {
  bytes,
  enumeration,
  fixed64,
  message,
  readFields,
  text,
  type ReadField,
} from './protobuf-fields.js';
import { readAnyValue, readAttribute } from './protobuf-values.js';

type Building<T> = {
  -readonly [K in keyof T]: T[K] extends OtlpAttributes ? Map<string, AnyValue> : T[K];
};

/** Reads a body of protobuf. Each of its functions throws for what is malformed. */
export async function protobufDecoder(body: Uint8Array): Promise<OtlpDecoder> {
  const { PbfReader } = await import('pbf');
  const pbf = new PbfReader(body);
  return {
    traces: () => readRequest(pbf, () => message(pbf, spanField, emptySpan())),
    logs: () => readRequest(pbf, () => message(pbf, logField, emptyLog())),
  };
}

/** The fields around spans and log records have the same numbers. */
function readRequest<T>(pbf: PbfReader, readRecord: () => T): ResourceData<T>[] {
  const scopeField: ReadField<{ name: string; records: T[] }> = (field, scope) => {
    if (field === 1) scope.name = message(pbf, scopeNameField, { name: '' }).name;
    if (field === 2) scope.records.push(readRecord());
  };
  const resourceField: ReadField<{ attributes: Map<string, AnyValue>; scopes: ScopeData<T>[] }> = (
    field,
    { attributes, scopes },
  ) => {
    if (field === 1) readAttributes(pbf, attributes);
    if (field === 2) scopes.push(message(pbf, scopeField, { name: '', records: [] }));
  };
  const requestField: ReadField<ResourceData<T>[]> = (field, resources) => {
    if (field !== 1) return;
    resources.push(message(pbf, resourceField, { attributes: new Map(), scopes: [] }));
  };
  return readFields(pbf, requestField, []);
}

function scopeNameField(field: number, scope: { name: string }, pbf: PbfReader): void {
  if (field === 1) scope.name = text(pbf);
}

/** A message that is known by its first field, the attributes. */
function readAttributes(pbf: PbfReader, attributes: Map<string, AnyValue>): void {
  message(
    pbf,
    (field) => {
      if (field === 1) readAttribute(pbf, attributes);
    },
    attributes,
  );
}

function emptySpan(): Building<OtlpSpan> {
  return {
    traceId: undefined,
    spanId: undefined,
    parentSpanId: undefined,
    name: '',
    kind: 0,
    start: undefined,
    end: undefined,
    attributes: new Map(),
    exception: undefined,
    status: { code: 0, message: '' },
  };
}

function spanField(field: number, span: Building<OtlpSpan>, pbf: PbfReader): void {
  if (field === 1) span.traceId = traceIdOf(bytes(pbf, 'hex'));
  if (field === 2) span.spanId = spanIdOf(bytes(pbf, 'hex'));
  if (field === 4) span.parentSpanId = spanIdOf(bytes(pbf, 'hex'));
  if (field === 5) span.name = text(pbf);
  if (field === 6) span.kind = enumeration(pbf);
  if (field === 7) span.start = unixNanos(fixed64(pbf));
  if (field === 8) span.end = unixNanos(fixed64(pbf));
  if (field === 9) readAttribute(pbf, span.attributes);
  if (field === 11) span.exception = readException(pbf) ?? span.exception;
  if (field === 15) span.status = message(pbf, statusField, { code: 0, message: '' });
}

function readException(pbf: PbfReader): OtlpAttributes | undefined {
  const event = message(pbf, eventField, { name: '', attributes: new Map<string, AnyValue>() });
  return event.name === 'exception' ? event.attributes : undefined;
}

function eventField(
  field: number,
  event: { name: string; attributes: Map<string, AnyValue> },
  pbf: PbfReader,
): void {
  if (field === 2) event.name = text(pbf);
  if (field === 3) readAttribute(pbf, event.attributes);
}

function statusField(field: number, status: Building<OtlpStatus>, pbf: PbfReader): void {
  if (field === 2) status.message = text(pbf);
  if (field === 3) status.code = enumeration(pbf);
}

function emptyLog(): Building<OtlpLog> {
  return {
    time: undefined,
    observedTime: undefined,
    severityNumber: 0,
    severityText: '',
    eventName: '',
    body: null,
    attributes: new Map(),
    traceId: undefined,
    spanId: undefined,
  };
}

function logField(field: number, log: Building<OtlpLog>, pbf: PbfReader): void {
  if (field === 1) log.time = unixNanos(fixed64(pbf));
  if (field === 2) log.severityNumber = enumeration(pbf);
  if (field === 3) log.severityText = text(pbf);
  if (field === 5) log.body = readAnyValue(pbf);
  if (field === 6) readAttribute(pbf, log.attributes);
  if (field === 9) log.traceId = traceIdOf(bytes(pbf, 'hex'));
  if (field === 10) log.spanId = spanIdOf(bytes(pbf, 'hex'));
  if (field === 11) log.observedTime = unixNanos(fixed64(pbf));
  if (field === 12) log.eventName = text(pbf);
}
