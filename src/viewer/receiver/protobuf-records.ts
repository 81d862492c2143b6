import { spanKindOfOtlp } from '../../records/span-kinds.js';
import { spanIdOf, traceIdOf } from './hex-ids.js';
import {
  completeSpan,
  unixNanos,
  type AnyValue,
  type OtlpAttributes,
  type OtlpLog,
  type OtlpSpan,
  type OtlpStatus,
  type SentSpan,
} from './otlp-model.js';
import {
  bytes,
  enumeration,
  fixed64,
  readMessage,
  text,
  type OtlpReader,
} from './protobuf-fields.js';
import { anyValue, readKeyValue } from './protobuf-values.js';

type Building<T> = { -readonly [K in keyof T]: T[K] };

/** Reads the `Span` that a field holds; `undefined` for one that cannot be shown. */
export function readSpan(pbf: OtlpReader): OtlpSpan | undefined {
  const attributes = new Map<string, AnyValue>();
  const span: Building<SentSpan> = {
    traceId: undefined,
    spanId: undefined,
    parentSpanId: undefined,
    name: '',
    kind: undefined,
    start: undefined,
    end: undefined,
    attributes,
    exception: undefined,
    status: { code: 0, message: '' },
  };
  readMessage(pbf, (field) => {
    if (field === 1) span.traceId = traceIdOf(bytes(pbf, 'hex'));
    if (field === 2) span.spanId = spanIdOf(bytes(pbf, 'hex'));
    if (field === 4) span.parentSpanId = spanIdOf(bytes(pbf, 'hex'));
    if (field === 5) span.name = text(pbf);
    if (field === 6) span.kind = spanKindOfOtlp(enumeration(pbf));
    if (field === 7) span.start = unixNanos(fixed64(pbf));
    if (field === 8) span.end = unixNanos(fixed64(pbf));
    if (field === 9) readKeyValue(pbf, attributes);
    if (field === 11) span.exception = readException(pbf) ?? span.exception;
    if (field === 15) span.status = readStatus(pbf);
  });
  return completeSpan(span);
}

/** The attributes of an event, if it is an exception. */
function readException(pbf: OtlpReader): OtlpAttributes | undefined {
  let name = '';
  const attributes = new Map<string, AnyValue>();
  readMessage(pbf, (field) => {
    if (field === 2) name = text(pbf);
    if (field === 3) readKeyValue(pbf, attributes);
  });
  return name === 'exception' ? attributes : undefined;
}

function readStatus(pbf: OtlpReader): OtlpStatus {
  const status = { code: 0, message: '' };
  readMessage(pbf, (field) => {
    if (field === 2) status.message = text(pbf);
    if (field === 3) status.code = enumeration(pbf);
  });
  return status;
}

/** Reads the `LogRecord` that a field holds. */
export function readLog(pbf: OtlpReader): OtlpLog {
  const attributes = new Map<string, AnyValue>();
  const log: Building<OtlpLog> = {
    time: undefined,
    observedTime: undefined,
    severityNumber: 0,
    severityText: '',
    eventName: '',
    body: null,
    attributes,
    traceId: undefined,
    spanId: undefined,
  };
  readMessage(pbf, (field) => {
    if (field === 1) log.time = unixNanos(fixed64(pbf));
    if (field === 2) log.severityNumber = enumeration(pbf);
    if (field === 3) log.severityText = text(pbf);
    if (field === 5) log.body = anyValue(pbf);
    if (field === 6) readKeyValue(pbf, attributes);
    if (field === 9) log.traceId = traceIdOf(bytes(pbf, 'hex'));
    if (field === 10) log.spanId = spanIdOf(bytes(pbf, 'hex'));
    if (field === 11) log.observedTime = unixNanos(fixed64(pbf));
    if (field === 12) log.eventName = text(pbf);
  });
  return log;
}
