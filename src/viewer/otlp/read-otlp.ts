import type { ViewRecord } from '../../events/view-records.js';
import { textOf } from './attribute-values.js';
import { jsonDecoder } from './json-decoder.js';
import { SPAN_KIND, type OtlpEncoding, type OtlpSpan, type ResourceData } from './otlp-data.js';
import { placedSpan } from './placed-span.js';
import { protobufDecoder } from './protobuf-decoder.js';
import { viewLine } from './view-line.js';
import { viewRequest } from './view-request.js';
import { viewSpan } from './view-span.js';

export { otlpAnswer } from './otlp-answer.js';
export type { OtlpEncoding };

/** What OTLP sends that is shown. */
export type OtlpSignal = 'traces' | 'logs';

/** As many as are taken from one body. An exporter sends no more than a few thousand. */
export const MAX_RECORDS = 10_000;

/** What OpenTelemetry calls a service that has no name. */
const UNKNOWN_SERVICE = 'unknown_service';
/** What our own exporter calls itself. */
const OWN_SCOPE = 'nestjs-tracing';

type ToRecord<T> = (data: T, service: string, scope: string) => ViewRecord | undefined;

/**
 * The records that a body holds; `undefined` for one that is malformed. What says too little to be
 * shown, such as a span without an id, is left out.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
 */
export async function readOtlp(
  signal: OtlpSignal,
  encoding: OtlpEncoding,
  body: Uint8Array,
): Promise<ViewRecord[] | undefined> {
  const decoder = encoding === 'json' ? jsonDecoder(body) : await protobufDecoder(body);
  if (signal === 'traces') {
    const traces = wellFormed(decoder.traces);
    return traces && recordsOf(traces, spanRecord);
  }
  const logs = wellFormed(decoder.logs);
  const receivedAt = Date.now();
  return (
    logs && recordsOf(logs, (log, service, scope) => viewLine(log, { service, scope, receivedAt }))
  );
}

function wellFormed<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

function recordsOf<T>(resources: readonly ResourceData<T>[], toRecord: ToRecord<T>): ViewRecord[] {
  const records: ViewRecord[] = [];
  for (const { attributes, scopes } of resources) {
    const service = textOf(attributes, 'service.name') ?? UNKNOWN_SERVICE;
    for (const { name, records: data } of scopes) {
      for (const one of data) {
        if (records.length === MAX_RECORDS) return records;
        const record = toRecord(one, service, name);
        if (record !== undefined) records.push(record);
      }
    }
  }
  return records;
}

function spanRecord(data: OtlpSpan, service: string, scope: string): ViewRecord | undefined {
  const span = placedSpan(service, data);
  if (span === undefined) return undefined;
  return isRequest(span, scope) ? viewRequest(span) : viewSpan(span);
}

/** Whether a span stands for all that its process does for one caller. */
function isRequest({ kind, parentSpanId, attributes }: OtlpSpan, scope: string): boolean {
  // A run of ours may have a parent in another process. Nothing inside it has this attribute.
  if (scope === OWN_SCOPE && attributes.has('request.id')) return true;
  return kind === SPAN_KIND.SERVER || kind === SPAN_KIND.CONSUMER || parentSpanId === undefined;
}
