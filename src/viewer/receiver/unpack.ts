import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

type Unpack = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['identity', (body) => Promise.resolve(body)],
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** What unpacks a body with this `Content-Encoding`; `undefined` for one that is not known. */
export function unpackerFor(coding = 'identity'): Unpack | undefined {
  // In any case of letters (RFC 9110, section 8.4.1).
  return UNPACK.get(coding.trim().toLowerCase());
}

/** The status for a body that could not be unpacked: too large, or not what its header says. */
export function unpackRefusal(error: unknown): 400 | 413 {
  return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? 413 : 400;
}
