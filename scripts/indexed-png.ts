import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_COLORS = 256;

interface Image {
  readonly width: number;
  readonly height: number;
  /** Three bytes for each pixel. */
  readonly pixels: Buffer;
}

/**
 * The same picture with a palette of a few colors, which takes a fraction of the bytes. Each
 * pixel gets the nearest of the most frequent colors, which suits pictures of text.
 *
 * @param png as browsers write them: 8 bits for each of red, green, blue and perhaps alpha
 * @param maxColors at most 256. Default: 256.
 */
export function indexedPng(png: Buffer, maxColors = MAX_COLORS): Buffer {
  const { width, height, pixels } = decoded(png);
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 3) {
    const color = pixels.readUIntBE(at, 3);
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  const palette = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, maxColors)
    .map(([color]) => color);
  const indexes = new Map(palette.map((color, index) => [color, index]));
  const rows = Buffer.alloc(height * (width + 1));
  for (let at = 0; at < width * height; at++) {
    const color = pixels.readUIntBE(at * 3, 3);
    let index = indexes.get(color);
    if (index === undefined) {
      index = nearest(color, palette);
      indexes.set(color, index);
    }
    // Each row begins with the number of its filter, which is none.
    rows[at + Math.floor(at / width) + 1] = index;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits for each index into a palette.
  header.set([8, 3, 0, 0, 0], 8);
  const colors = Buffer.alloc(palette.length * 3);
  for (const [index, color] of palette.entries()) colors.writeUIntBE(color, index * 3, 3);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colors),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function nearest(color: number, palette: readonly number[]): number {
  let best = 0;
  let least = Infinity;
  for (const [index, other] of palette.entries()) {
    let distance = 0;
    for (const shift of [16, 8, 0]) {
      distance += (((color >> shift) & 255) - ((other >> shift) & 255)) ** 2;
    }
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, sum]);
}

function decoded(png: Buffer): Image {
  const parts: Buffer[] = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const [depth, kind] = [png[24], png[25]];
  if (depth !== 8 || (kind !== 2 && kind !== 6)) throw new Error(`PNG of kind ${kind}, ${depth}`);
  const bytes = kind === 6 ? 4 : 3;
  const rows = unfiltered(inflateSync(Buffer.concat(parts)), width * bytes, bytes);
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at++) rows.copy(pixels, at * 3, at * bytes, at * bytes + 3);
  return { width, height, pixels };
}

/** Undoes what each row is filtered by (PNG specification, section 9). */
function unfiltered(data: Buffer, stride: number, bytes: number): Buffer {
  const height = data.length / (stride + 1);
  const out = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < bytes ? 0 : out[at - bytes]!;
      const up = y === 0 ? 0 : out[at - stride]!;
      const corner = x < bytes || y === 0 ? 0 : out[at - stride - bytes]!;
      out[at] = data[at + y + 1]! + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const [a, b, c] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs) as [
    number,
    number,
    number,
  ];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
