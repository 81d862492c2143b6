import { createReadStream, statSync } from 'node:fs';
import { MAGIC_BYTES, unpacked } from './unpacked.js';

/** The name of standard input among files. */
export const STDIN = '-';

const CHUNK_BYTES = 2 ** 18;

/** Reads a file or standard input, unpacked where it is gzip or zstd, whatever its name. */
export async function* readSource(
  name: string,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const stream =
    name === STDIN ? process.stdin : createReadStream(name, { highWaterMark: CHUNK_BYTES });
  const raw = counted(stream, onRead);
  const head = await firstBytes(raw);
  yield* unpacked(head, joined(head, raw));
}

async function* counted(
  stream: AsyncIterable<unknown>,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    onRead((chunk as Buffer).length);
    yield chunk as Buffer;
  }
}

/** Enough bytes to recognize what is packed; a pipe may deliver them one by one. */
async function firstBytes(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < MAGIC_BYTES) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* joined(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}

/** Bytes to read in all; `undefined` where one source has no size. */
export function totalBytes(names: readonly string[]): number | undefined {
  if (names.includes(STDIN)) return undefined;
  return names.reduce(
    (sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
