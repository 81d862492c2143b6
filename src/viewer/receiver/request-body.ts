import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

/** The status of the response that refuses a body. */
export type BodyRefusal = 400 | 413 | 415;

type Unpack = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const UNPACK: Readonly<Record<string, Unpack>> = {
  identity: (body) => Promise.resolve(body),
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** The body of a request, unpacked. It must not exceed the limit before or after that. */
export async function requestBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | BodyRefusal> {
  const { 'content-encoding': coding = 'identity', 'content-length': length } = request.headers;
  // In any case of letters (RFC 9110, section 8.4.1).
  const encoding = coding.toLowerCase();
  const unpack = Object.hasOwn(UNPACK, encoding) ? UNPACK[encoding] : undefined;
  if (unpack === undefined) return 415;
  if (Number(length) > maxBytes) return 413;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return 413;
      chunks.push(chunk);
    }
    return await unpack(Buffer.concat(chunks), { maxOutputLength: maxBytes });
  } catch (error) {
    return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? 413 : 400;
  }
}
