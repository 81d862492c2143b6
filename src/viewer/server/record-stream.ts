import type { ServerResponse } from 'node:http';
import type { RecordStore, StoredRecord } from './record-store.js';

/** The first event of each stream. */
export interface StreamHello {
  readonly instance: string;
  readonly service: string;
  readonly path: string;
}

/** Short enough to look live. */
const BATCH_MS = 100;
const MAX_BATCH = 1000;
/** The page parses one event at once. */
const MAX_BATCH_CHARACTERS = 512 * 1024;
/** A page that has more than this still to read is sent nothing until it has read that. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Proxies close a connection on which nothing is sent for long. */
const HEARTBEAT_MS = 15_000;

/**
 * Sends the records as Server-Sent Events to each open page. No timer runs while none is open.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class RecordStream {
  private readonly readers = new Set<Reader>();
  private timer: NodeJS.Timeout | undefined;
  /** Whether the application is being closed. */
  isClosed = false;

  constructor(
    private readonly store: RecordStore,
    private readonly hello: StreamHello,
    private readonly maxReaders: number,
  ) {}

  /** Answers a page. Returns `false` when the limit of open pages is reached, and after the end. */
  open(response: ServerResponse, from: string | undefined): boolean {
    if (this.isClosed || this.readers.size >= this.maxReaders) return false;
    // The client disconnected while `authorize` ran.
    if (isDisconnected(response)) return true;
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write(`event: hello\ndata: ${JSON.stringify(this.hello)}\n\n`);
    const reader = new Reader(response, this.store, this.hello.instance, this.seqOf(from));
    this.readers.add(reader);
    response.once('close', () => this.remove(reader));
    this.timer ??= setInterval(() => this.send(), BATCH_MS).unref();
    reader.send();
    return true;
  }

  /** Ends all streams. Pages reconnect at once, and are refused from now on. */
  close(): void {
    this.isClosed = true;
    // A slow page stays until all is sent, and must not be written to after its end.
    clearInterval(this.timer);
    for (const reader of this.readers) reader.end();
  }

  private send(): void {
    for (const reader of this.readers) reader.send();
  }

  private remove(reader: Reader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** The last record that a page has; 0 if that was in another run of the application. */
  private seqOf(from: string | undefined): number {
    const [instance, seq] = from?.split(':') ?? [];
    return instance === this.hello.instance && /^\d{1,15}$/.test(seq ?? '') ? Number(seq) : 0;
  }
}

/** One page that is open, and the last record that it was sent. */
class Reader {
  private sentDrops = '';
  /** Records that were dropped from the store before they could be sent to the page. */
  private missed = 0;
  private writtenMs = performance.now();

  constructor(
    private readonly response: ServerResponse,
    private readonly store: RecordStore,
    private readonly instance: string,
    private seq: number,
  ) {}

  /** Sends new records. A page that does not keep up continues where it was, as long as that is kept. */
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
      this.writeDrops();
      return false;
    }
    if (this.seq > 0) this.missed += records[0]!.seq - this.seq - 1;
    this.seq = last.seq;
    this.write(records.map(({ json }) => json).join(','), last.seq);
    return true;
  }

  private writeDrops(): void {
    const { requests, lines, spans } = this.store.dropped;
    // Most of all records are lines.
    const drops = JSON.stringify({ type: 'drops', requests, lines: lines + this.missed, spans });
    if (drops !== this.sentDrops) {
      this.sentDrops = drops;
      this.write(drops, this.seq);
    } else if (performance.now() - this.writtenMs > HEARTBEAT_MS) {
      this.writtenMs = performance.now();
      this.response.write(':\n\n');
    }
  }

  private write(records: string, seq: number): void {
    this.writtenMs = performance.now();
    this.response.write(`event: records\nid: ${this.instance}:${seq}\ndata: [${records}]\n\n`);
  }
}

/** As many records as fit into one event, and at least one. */
function fitting(records: readonly StoredRecord[]): readonly StoredRecord[] {
  let characters = 0;
  const isTooMuch = ({ json }: StoredRecord): boolean =>
    (characters += json.length) > MAX_BATCH_CHARACTERS;
  const end = records.findIndex(isTooMuch);
  return end === -1 ? records : records.slice(0, Math.max(1, end));
}

/** Whether the client has disconnected. In HTTP/2 only the stream of the response knows. */
function isDisconnected(response: ServerResponse & { stream?: { destroyed: boolean } }): boolean {
  return response.destroyed || response.stream?.destroyed === true;
}
