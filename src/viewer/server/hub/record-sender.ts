import type { Socket } from 'node:net';
import { dropsLine, recordLine } from './hub-messages.js';
import { MAX_LINE_CHARACTERS } from './line-reader.js';
import type { HubStore, ReceivedRecords } from './received-records.js';

const SEND_MS = 100;
const MAX_BATCH = 1000;
/** An owner that has more than this still to read gets nothing more until it has read that. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Of a line, besides the record. */
const LINE_OVERHEAD = 32;

/**
 * Sends this process's own records to the owner, from the store: they wait there, and need no queue
 * of their own. What the store has removed before it could be sent is counted as dropped.
 */
export class RecordSender {
  private readonly timer: NodeJS.Timeout;
  private sentDrops = '';
  private missed = 0;

  /** @param seq the last record that the owner has. */
  constructor(
    private readonly socket: Socket,
    private readonly store: HubStore,
    private readonly received: ReceivedRecords,
    private seq: number,
  ) {
    this.timer = setInterval(() => this.send(), SEND_MS).unref();
    this.send();
  }

  /** Sends what is new. */
  send(): void {
    const { socket } = this;
    while (!socket.destroyed && socket.writableLength < MAX_UNREAD_BYTES && this.sendBatch());
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sendBatch(): boolean {
    const records = this.store.after(this.seq, MAX_BATCH);
    const last = records.at(-1);
    if (last === undefined) {
      this.sendDrops();
      return false;
    }
    if (this.seq > 0) this.missed += records[0]!.seq - this.seq - 1;
    let text = '';
    for (const { seq, type, json, group, origin } of records) {
      this.seq = seq;
      // A record of another process is sent by that, and what one before it has kept by the owner.
      if (origin !== undefined || type === 'drops') continue;
      if (json.length + LINE_OVERHEAD > MAX_LINE_CHARACTERS) this.missed++;
      else text += recordLine({ seq, type, json, isNotable: group?.isNotable === true });
      if (text.length > MAX_LINE_CHARACTERS) break;
    }
    if (text !== '') this.socket.write(text);
    return true;
  }

  private sendDrops(): void {
    const { requests, lines, spans } = this.received.ownDropped;
    // Most of all records are lines.
    const drops = dropsLine({ requests, lines: lines + this.missed, spans });
    if (drops === this.sentDrops) return;
    this.sentDrops = drops;
    this.socket.write(drops);
  }
}
