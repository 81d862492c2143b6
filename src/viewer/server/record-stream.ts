import type { ServerResponse } from 'node:http';
import type { RecordStore, StoredRecord } from './record-store.js';

/** What the page is told first. */
export interface StreamHello {
  readonly instance: string;
  readonly service: string;
  readonly path: string;
}

/** Often enough to look live. */
const BATCH_MS = 100;
const MAX_BATCH = 1000;
/** The page reads one event in one go. */
const MAX_BATCH_CHARACTERS = 512 * 1024;
/** A page that has so much still to read is not sent more. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Through a proxy, or asleep, a connection that says nothing for long is cut. */
const HEARTBEAT_MS = 15_000;

/**
 * The records as Server-Sent Events, to each page that is open. Nothing runs while there is none.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class RecordStream {
  private readonly readers = new Set<Reader>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly store: RecordStore,
    private readonly hello: StreamHello,
    private readonly maxReaders: number,
  ) {}

  /** Answers a page. Returns `false` where as many are open as there may be, and at the end. */
  open(response: ServerResponse, from: string | undefined): boolean {
    if (this.isClosed || this.readers.size >= this.maxReaders) return false;
    // It left while it was decided whether it may see the page.
    if (hasLeft(response)) return true;
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write(`event: hello\ndata: ${JSON.stringify(this.hello)}\n\n`);
    const reader = new Reader(response, this.store, this.hello.instance, this.seqOf(from));
    this.readers.add(reader);
    response.once('close', () => this.leave(reader));
    this.timer ??= setInterval(() => this.send(), BATCH_MS).unref();
    reader.send();
    return true;
  }

  /** Ends all of them. Pages come back at once, and must not be let in again. */
  close(): void {
    this.isClosed = true;
    // One that reads slowly is there until all is sent, and must not be written to any more.
    clearInterval(this.timer);
    for (const reader of this.readers) reader.end();
  }

  private send(): void {
    for (const reader of this.readers) reader.send();
  }

  private leave(reader: Reader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Where a page left off; 0 where that was in another run of the application. */
  private seqOf(from: string | undefined): number {
    const [instance, seq] = from?.split(':') ?? [];
    return instance === this.hello.instance && /^\d{1,15}$/.test(seq ?? '') ? Number(seq) : 0;
  }
}

/** One page, and how far it has read. */
class Reader {
  private told = '';
  /** Records that fell out of the store before the page had room for them. */
  private missed = 0;
  private saidMs = performance.now();

  constructor(
    private readonly response: ServerResponse,
    private readonly store: RecordStore,
    private readonly instance: string,
    private seq: number,
  ) {}

  /** What is new, unless the page does not keep up: it goes on where it was as long as that is kept. */
  send(): void {
    while (this.response.writableLength < MAX_UNREAD_BYTES && this.sendBatch());
  }

  end(): void {
    this.response.end();
  }

  private sendBatch(): boolean {
    const records = fitting(this.store.after(this.seq, MAX_BATCH));
    const last = records.at(-1);
    if (last === undefined) {
      this.sendDrops();
      return false;
    }
    if (this.seq > 0) this.missed += records[0]!.seq - this.seq - 1;
    this.seq = last.seq;
    this.write(records.map(({ json }) => json).join(','), last.seq);
    return true;
  }

  private sendDrops(): void {
    const { requests, lines, spans } = this.store.dropped;
    // Of all records most are lines.
    const drops = JSON.stringify({ type: 'drops', requests, lines: lines + this.missed, spans });
    if (drops !== this.told) {
      this.told = drops;
      this.write(drops, this.seq);
    } else if (performance.now() - this.saidMs > HEARTBEAT_MS) {
      this.saidMs = performance.now();
      this.response.write(':\n\n');
    }
  }

  private write(records: string, seq: number): void {
    this.saidMs = performance.now();
    this.response.write(`event: records\nid: ${this.instance}:${seq}\ndata: [${records}]\n\n`);
  }
}

/** As many as one event may hold, and one in any case. */
function fitting(records: readonly StoredRecord[]): readonly StoredRecord[] {
  let characters = 0;
  const isTooMuch = ({ json }: StoredRecord): boolean =>
    (characters += json.length) > MAX_BATCH_CHARACTERS;
  const end = records.findIndex(isTooMuch);
  return end === -1 ? records : records.slice(0, Math.max(1, end));
}

/** In HTTP/2 only the stream of an answer says so. */
function hasLeft(response: ServerResponse & { stream?: { destroyed: boolean } }): boolean {
  return response.destroyed || response.stream?.destroyed === true;
}
