const ROWS = 4;
const WIDTH = 16_384;

/**
 * Counts how often each of an unlimited number of texts was used, in 64 KiB: a count-min sketch. The
 * count of one text is never too low, and too high only where all of its cells are shared.
 *
 * @see https://en.wikipedia.org/wiki/Count%E2%80%93min_sketch
 */
export class UseSketch {
  private readonly cells = new Uint8Array(ROWS * WIDTH);

  /** Counts one use more. Returns the number of uses, at most 255. */
  add(text: string): number {
    const hash = hashOf(text, 0x811c9dc5);
    const step = hashOf(text, 0x9747b28c) | 1;
    const { cells } = this;
    let uses = 255;
    for (let row = 0; row < ROWS; row++) uses = Math.min(uses, cells[cellAt(hash, step, row)] ?? 0);
    if (uses === 255) return uses;
    uses++;
    // Cells that others have raised further stay as they are: that keeps the error small.
    for (let row = 0; row < ROWS; row++) {
      const cell = cellAt(hash, step, row);
      if ((cells[cell] ?? 0) < uses) cells[cell] = uses;
    }
    return uses;
  }

  /** Halves all counts, so that what was used long ago fades. */
  halve(): void {
    for (let cell = 0; cell < this.cells.length; cell++) this.cells[cell]! >>>= 1;
  }
}

function cellAt(hash: number, step: number, row: number): number {
  const mixed = Math.imul(hash + Math.imul(row, step), 0x9e3779b1);
  return row * WIDTH + ((mixed >>> 16) % WIDTH);
}

/** FNV-1a over the UTF-16 units. */
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
