import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RecordStore } from '../server/record-store.js';
import type { OtlpEncoding } from './otlp-model.js';
import { otlpResponse } from './otlp-response.js';
import { readOtlp, type OtlpSignal } from './read-otlp.js';
import { requestBody } from './request-body.js';

const ENCODINGS: Readonly<Record<string, OtlpEncoding>> = {
  'application/json': 'json',
  'application/x-protobuf': 'protobuf',
};
/** The message of a response that refuses a body, by its status. */
const REASONS = {
  400: 'the body is not what its headers say',
  413: 'the body is larger than `limits.bodyBytes`',
  415: 'send application/json or application/x-protobuf, plain or with gzip',
};

/**
 * Receives what another service sends. Beyond the limits, records are dropped and counted, as this
 * application's own are: a sender that is asked to retry would only send them again.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function receiveOtlp(
  signal: OtlpSignal,
  request: IncomingMessage,
  response: ServerResponse,
  store: RecordStore,
  maxBytes: number,
): Promise<void> {
  const contentType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const encoding = Object.hasOwn(ENCODINGS, contentType) ? ENCODINGS[contentType]! : undefined;
  if (encoding === undefined) return refuse(response, 'json', 415);
  const body = await requestBody(request, maxBytes);
  if (typeof body === 'number') return refuse(response, encoding, body);
  const records = await readOtlp(signal, encoding, body);
  if (records === undefined) return refuse(response, encoding, 400);
  const now = performance.now();
  for (const record of records) {
    if (record.type === 'request' && !store.admitsRequest(now)) continue;
    if (record.type === 'line' && !store.admitsLine(now)) continue;
    store.add(record.type, JSON.stringify(record));
  }
  answer(response, encoding, 200);
}

function refuse(response: ServerResponse, encoding: OtlpEncoding, status: 400 | 413 | 415): void {
  // The rest of the body is not read.
  response.setHeader('Connection', 'close');
  answer(response, encoding, status, REASONS[status]);
}

function answer(
  response: ServerResponse,
  encoding: OtlpEncoding,
  status: number,
  error?: string,
): void {
  const contentType = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
  response.writeHead(status, { 'Content-Type': contentType }).end(otlpResponse(encoding, error));
}
