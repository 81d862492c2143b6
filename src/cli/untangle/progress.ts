const FIRST_MS = 1000;
const EVERY_MS = 200;
const MEGABYTE = 1e6;
const CLEAR_LINE = '\r\u001b[K';

/** How far a long file is read: one line on standard error, if that is a terminal. */
export class Progress {
  private readonly startedAt = Date.now();
  private shownAt = 0;
  private isShown = false;
  private read = 0;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    /** Bytes that there are; `undefined` where that is not known. */
    private readonly total: number | undefined,
  ) {}

  add(bytes: number): void {
    this.read += bytes;
    if (!this.stream.isTTY) return;
    const now = Date.now();
    if (now - this.startedAt < FIRST_MS || now - this.shownAt < EVERY_MS) return;
    this.shownAt = now;
    this.isShown = true;
    this.stream.write(CLEAR_LINE + this.text());
  }

  /** Makes room for output, which may go to the same terminal. */
  clear(): void {
    if (this.isShown) this.stream.write(CLEAR_LINE);
    this.isShown = false;
  }

  private text(): string {
    const read = `${(this.read / MEGABYTE).toFixed(0)} MB read`;
    if (!this.total) return read;
    const share = Math.min(Math.floor((this.read / this.total) * 100), 100);
    return `${share}%  ${read} of ${(this.total / MEGABYTE).toFixed(0)}`;
  }
}
