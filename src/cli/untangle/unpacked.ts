import { pipeline, Readable } from 'node:stream';
import * as zlib from 'node:zlib';

const CHUNK_BYTES = 2 ** 18;
// RFC 1952, section 2.3.1
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
// RFC 8878, section 3.1.1
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** How many bytes tell how a source is packed. */
export const MAGIC_BYTES = ZSTD_MAGIC.length;
/** The types of Node are older than what it has. */
const { createZstdDecompress } = zlib as {
  createZstdDecompress?: (options: { chunkSize: number }) => zlib.Gunzip;
};

/**
 * What is in a source that is packed with gzip or zstd; of any other source, its bytes.
 *
 * @param head its first bytes, with which `chunks` begins too
 * @throws {Error} for zstd in a version of Node that cannot unpack it
 */
export function unpacked(head: Buffer, chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (beginsWith(head, GZIP_MAGIC)) return through(chunks, zlib.createGunzip(SIZE));
  if (!beginsWith(head, ZSTD_MAGIC)) return chunks;
  if (createZstdDecompress !== undefined) return through(chunks, createZstdDecompress(SIZE));
  throw new Error(
    `packed with zstd, which Node ${process.versions.node} cannot unpack; Node 22.15 can. Until then: zstd -dc app.log.zst | nestjs-tracing untangle`,
  );
}

const SIZE = { chunkSize: CHUNK_BYTES };

function beginsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic);
}

function through(chunks: AsyncIterable<Buffer>, unpacker: zlib.Gunzip): AsyncIterable<Buffer> {
  // An error of either reaches the reader of the unpacker.
  pipeline(Readable.from(chunks), unpacker, () => {});
  return unpacker as AsyncIterable<Buffer>;
}
