import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ViewRecord } from '../view-records.js';
import type { RecordStore } from '../server/record-store.js';
import { closeAfter } from './close-after.js';
import type { OtlpEncoding } from './otlp-model.js';
import { otlpResponse } from './otlp-response.js';
import { readOtlp, type OtlpSignal } from './read-otlp.js';
import { BodyReader, type BodyRefusal, type ReceivedBody } from './request-body.js';
import { inSlices, type Work } from './slices.js';
import { unpackerFor, unpackRefusal } from './unpack.js';

const ENCODINGS: ReadonlyMap<string, OtlpEncoding> = new Map([
  ['application/json', 'json'],
  ['application/x-protobuf', 'protobuf'],
]);
/** The message of a response that refuses a body, by its status. */
const REASONS: Readonly<Record<BodyRefusal | 415, string>> = {
  400: 'the body is not what its headers say',
  408: 'the body was not complete in time',
  413: 'the body is larger than `limits.bodyBytes`',
  415: 'send application/json or application/x-protobuf, plain or with gzip',
  503: 'too many bodies are being sent: send it again later',
};

/**
 * Receives what other services send. Beyond the limits, records are dropped and counted, as this
 * application's own are: a sender that is asked to retry would only send them again.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class OtlpReceiver {
  private readonly bodies: BodyReader;
  /** The last body that is unpacked and read. One at a time: what is read of one takes the most memory. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: RecordStore,
    private readonly maxBytes: number,
  ) {
    this.bodies = new BodyReader({ bodyBytes: maxBytes });
  }

  async receive(
    signal: OtlpSignal,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const contentType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    const encoding = ENCODINGS.get(contentType ?? '');
    const unpack = unpackerFor(request.headers['content-encoding']);
    if (encoding === undefined || unpack === undefined) {
      return refuse(request, response, encoding ?? 'json', 415);
    }
    const body = await this.bodies.read(request);
    if (typeof body === 'number') return refuse(request, response, encoding, body);
    const read = this.last.then(async () => this.readBody(signal, encoding, unpack, body));
    this.last = read;
    const refusal = await read;
    if (refusal === undefined) answer(response, encoding, 200);
    else refuse(request, response, encoding, refusal);
  }

  /** Never rejects. */
  private async readBody(
    signal: OtlpSignal,
    encoding: OtlpEncoding,
    unpack: NonNullable<ReturnType<typeof unpackerFor>>,
    body: ReceivedBody,
  ): Promise<400 | 413 | undefined> {
    try {
      const bytes = await unpack(body.bytes, { maxOutputLength: this.maxBytes });
      const records = await readOtlp(signal, encoding, bytes);
      if (records === undefined) return 400;
      await inSlices(this.keep(records));
      return undefined;
    } catch (error) {
      return unpackRefusal(error);
    } finally {
      body.release();
    }
  }

  private *keep(records: readonly ViewRecord[]): Work<void> {
    const { store } = this;
    const now = performance.now();
    for (const record of records) {
      store.receive(record, now);
      yield;
    }
  }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  encoding: OtlpEncoding,
  status: BodyRefusal | 415,
): void {
  if (status === 503) response.setHeader('Retry-After', '1');
  if (!request.complete) closeAfter(request, response);
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
