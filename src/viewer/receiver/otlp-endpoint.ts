import type { IncomingMessage, ServerResponse } from 'node:http';
import { otlpAnswer, readOtlp, type OtlpEncoding, type OtlpSignal } from './read-otlp.js';
import type { RecordStore } from '../server/record-store.js';
import { requestBody } from './request-body.js';

const ENCODINGS: Readonly<Record<string, OtlpEncoding>> = {
  'application/json': 'json',
  'application/x-protobuf': 'protobuf',
};
/** What the sender is told of a body that was not taken. */
const REASONS = {
  400: 'the body is not what its headers say',
  413: 'the body is larger than `limits.bodyBytes`',
  415: 'send application/json or application/x-protobuf, plain or with gzip',
};

/**
 * Takes in what another service sends. What is too much is dropped and counted, as is this
 * application's own: a sender that is told to come back would only send it again.
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
  // What is left of the body is not waited for.
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
  response.writeHead(status, { 'Content-Type': contentType }).end(otlpAnswer(encoding, error));
}
