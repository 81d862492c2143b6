import type { OtlpEncoding } from './otlp-model.js';

/** Field 2 of a `google.rpc.Status`, a text. */
const STATUS_MESSAGE = (2 << 3) | 2;

/**
 * The body of a response: an empty message for a success, a `google.rpc.Status` for a failure.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
export function otlpResponse(encoding: OtlpEncoding, error?: string): Uint8Array | string {
  if (encoding === 'json') return JSON.stringify({ message: error });
  if (error === undefined) return new Uint8Array();
  const message = Buffer.from(error);
  return Buffer.concat([Buffer.from([STATUS_MESSAGE, ...varint(message.length)]), message]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
