import type { ViewRecord } from '../view-records.js';
import { textOf } from './attribute-values.js';
import { jsonDecoder } from './json-decoder.js';
import {
  SPAN_KIND,
  type OtlpAttributes,
  type OtlpEncoding,
  type OtlpItem,
  type OtlpLog,
  type OtlpSpan,
} from './otlp-data.js';
import { placedSpan } from './placed-span.js';
import { protobufDecoder } from './protobuf-decoder.js';
import { viewLine } from './view-line.js';
import { viewRequest } from './view-request.js';
import { viewSpan } from './view-span.js';

export { otlpAnswer } from './otlp-answer.js';
export type { OtlpEncoding };

/** What OTLP sends that is shown. */
export type OtlpSignal = 'traces' | 'logs';

/** What OpenTelemetry calls a service that has no name. */
const UNKNOWN_SERVICE = 'unknown_service';
/** What our own exporter calls itself. */
const OWN_SCOPE = 'nestjs-tracing';

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
  if (signal === 'traces') return wellFormed(decoder.traces)?.flatMap((item) => spanRecord(item));
  const receivedAt = Date.now();
  return wellFormed(decoder.logs)?.map((item) => lineRecord(item, receivedAt));
}

function wellFormed<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

function spanRecord({ resource, scope, data }: OtlpItem<OtlpSpan>): ViewRecord | [] {
  const span = placedSpan(serviceOf(resource), data);
  if (span === undefined) return [];
  return isRequest(span, scope) ? viewRequest(span) : viewSpan(span);
}

function lineRecord({ resource, scope, data }: OtlpItem<OtlpLog>, receivedAt: number): ViewRecord {
  return viewLine(data, { service: serviceOf(resource), scope, receivedAt });
}

function serviceOf(resource: OtlpAttributes): string {
  return textOf(resource, 'service.name') ?? UNKNOWN_SERVICE;
}

/** Whether a span stands for all that its process does for one caller. */
function isRequest({ kind, parentSpanId, attributes }: OtlpSpan, scope: string): boolean {
  // A run of ours may have a parent in another process. Nothing inside it has this attribute.
  if (scope === OWN_SCOPE && attributes.has('request.id')) return true;
  return kind === SPAN_KIND.SERVER || kind === SPAN_KIND.CONSUMER || parentSpanId === undefined;
}
