import type { ViewRecord } from '../view-records.js';
import { textOf } from './attribute-values.js';
import { readJsonLogs, readJsonSpans } from './json-decoder.js';
import { parseBody } from './json-fields.js';
import { lineFromOtlp } from './line-from-otlp.js';
import type {
  OtlpAttributes,
  OtlpDecoder,
  OtlpEncoding,
  OtlpItem,
  OtlpLog,
  OtlpSpan,
} from './otlp-model.js';
import { protobufDecoder } from './protobuf-decoder.js';
import { requestFromOtlp } from './request-from-otlp.js';
import { inSlices, type Work } from './slices.js';
import { spanFromOtlp } from './span-from-otlp.js';

/** The signals of OTLP that are shown. */
export type OtlpSignal = 'traces' | 'logs';

/** OpenTelemetry's name for a service that has none. */
const UNKNOWN_SERVICE = 'unknown_service';
/** The scope of this package's own exporter. */
const OWN_SCOPE = 'nestjs-tracing';

/**
 * The records in a body; `undefined` for a body that is malformed. Data that cannot be shown, such as
 * a span without an id, is left out. It is read in slices, between which the event loop turns.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
 */
export async function readOtlp(
  signal: OtlpSignal,
  encoding: OtlpEncoding,
  body: Uint8Array,
): Promise<ViewRecord[] | undefined> {
  const decoder = encoding === 'json' ? jsonDecoder(body) : await protobufDecoder(body);
  const receivedAt = Date.now();
  try {
    return await inSlices(
      signal === 'traces'
        ? eachRecord(decoder.traces(), spanRecord)
        : eachRecord(decoder.logs(), (item) => lineRecord(item, receivedAt)),
    );
  } catch {
    // Malformed: whatever a decoder throws, it is for what was sent.
    return undefined;
  }
}

function* eachRecord<T>(
  decoding: Work<T[]>,
  toRecord: (item: T) => ViewRecord,
): Work<ViewRecord[]> {
  const records: ViewRecord[] = [];
  for (const item of yield* decoding) {
    records.push(toRecord(item));
    yield;
  }
  return records;
}

function jsonDecoder(body: Uint8Array): OtlpDecoder {
  return {
    *traces() {
      return yield* readJsonSpans(yield* parseBody(body));
    },
    *logs() {
      return yield* readJsonLogs(yield* parseBody(body));
    },
  };
}

function spanRecord({ resource, scope, data }: OtlpItem<OtlpSpan>): ViewRecord {
  const service = serviceOf(resource);
  return isRequest(data, scope) ? requestFromOtlp(service, data) : spanFromOtlp(service, data);
}

function lineRecord({ resource, scope, data }: OtlpItem<OtlpLog>, receivedAt: number): ViewRecord {
  return lineFromOtlp(data, { service: serviceOf(resource), scope, receivedAt });
}

function serviceOf(resource: OtlpAttributes): string {
  return textOf(resource, 'service.name') ?? UNKNOWN_SERVICE;
}

/** Whether a span is a request of its process, rather than one inside a request. */
function isRequest({ kind, parentSpanId, attributes }: OtlpSpan, scope: string): boolean {
  // A run of this package may have a parent in another process. No span inside it has this attribute.
  if (scope === OWN_SCOPE && attributes.has('request.id')) return true;
  return kind === 'server' || kind === 'consumer' || parentSpanId === undefined;
}
