import type { ServerResponse } from 'node:http';
import { PagePosition } from './hub/page-position.js';
import type { StoredRecord } from './record-list.js';
import type { RecordStore } from './record-store.js';

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
    const reader = new Reader(response, this.store, this.positionOf(from));
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
    this.disconnect();
  }

  /** Ends the streams that are open. Pages reconnect. */
  disconnect(): void {
    for (const reader of this.readers) reader.end();
  }

  /** What a page has. A number that no record has yet was made up. */
  private positionOf(from: string | undefined): PagePosition {
    const { instance } = this.hello;
    const position = new PagePosition(instance, from);
    return position.seq <= this.store.lastSeq ? position : new PagePosition(instance);
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
}

/** One page that is open, and the last record that it was sent. */
class Reader {
  /** The last record of the store that the page has. */
  private seq: number;
  private sentDrops = '';
  /** Records that it was sent. */
  private sent = 0;
  /** Records that it had not been sent when it was opened, with those that it would resume after. */
  private readonly expected: number;
  private readonly openedAt: number;
  private writtenMs = performance.now();

  constructor(
    private readonly response: ServerResponse,
    private readonly store: RecordStore,
    private readonly position: PagePosition,
  ) {
    const { lastSeq, size } = store;
    this.seq = position.seq;
    this.openedAt = lastSeq;
    // A page that is new has missed nothing. One that resumes may have, while it was away.
    this.expected = this.seq === 0 ? size : Math.max(0, lastSeq - this.seq);
  }

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
    this.sent += records.length;
    this.seq = last.seq;
    // It may have some of them from another process.
    const news = records.filter((record) => this.position.take(record));
    this.position.reach(last.seq);
    if (news.length > 0) this.write(news.map(({ json }) => json).join(','));
    return true;
  }

  private writeDrops(): void {
    const { dropped, lastSeq } = this.store;
    const { requests, lines, spans } = dropped;
    // All that there is has been sent: what else was added is gone. Most of all records are lines.
    const missed = this.expected + lastSeq - this.openedAt - this.sent;
    const drops = JSON.stringify({ type: 'drops', requests, lines: lines + missed, spans });
    if (drops !== this.sentDrops) {
      this.sentDrops = drops;
      this.write(drops);
    } else if (performance.now() - this.writtenMs > HEARTBEAT_MS) {
      this.writtenMs = performance.now();
      this.response.write(':\n\n');
    }
  }

  private write(records: string): void {
    this.writtenMs = performance.now();
    this.response.write(`event: records\nid: ${this.position.id}\ndata: [${records}]\n\n`);
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
