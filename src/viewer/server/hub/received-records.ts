import type { RecordGroup, RecordOrigin, StoredRecord } from '../record-list.js';
import type { DropCounts, SentRecord, RecordType } from './hub-messages.js';

/** The store of a process, as far as records of others are concerned. */
export interface HubStore {
  /** How many records were dropped since the start. */
  readonly dropped: { requests: number; lines: number; spans: number };
  add(type: RecordType, json: string, group: RecordGroup, origin: RecordOrigin): void;
  after(seq: number, count: number): readonly StoredRecord[];
}

/** What is known of a process that sends its records. */
interface Source {
  seq: number;
  dropped: DropCounts;
}

/** Processes whose last record is remembered, so that none of theirs is there twice. */
const MAX_SOURCES = 256;
const NONE: DropCounts = { requests: 0, lines: 0, spans: 0 };

/** The records that this process has from others. They stay when it is no longer the owner. */
export class ReceivedRecords {
  private readonly sources = new Map<string, Source>();
  private readonly droppedElsewhere = { ...NONE };

  constructor(private readonly store: HubStore) {}

  /** The number of the last record of a process; 0 for none. */
  lastOf(instance: string): number {
    return this.sources.get(instance)?.seq ?? 0;
  }

  /** Keeps a record. One that is here already is left out. */
  add(instance: string, { seq, type, json, isNotable }: SentRecord): void {
    const source = this.sourceOf(instance);
    if (seq <= source.seq) return;
    source.seq = seq;
    this.store.add(type, json, { isNotable }, { instance, seq });
  }

  /** Counts what a process has dropped: the totals since its start. */
  countDropped(instance: string, dropped: DropCounts): void {
    const source = this.sourceOf(instance);
    for (const name of ['requests', 'lines', 'spans'] as const) {
      const more = Math.max(0, dropped[name] - source.dropped[name]);
      this.store.dropped[name] += more;
      this.droppedElsewhere[name] += more;
    }
    source.dropped = dropped;
  }

  /** What this process itself has dropped. */
  get ownDropped(): DropCounts {
    const { store, droppedElsewhere: elsewhere } = this;
    return {
      requests: store.dropped.requests - elsewhere.requests,
      lines: store.dropped.lines - elsewhere.lines,
      spans: store.dropped.spans - elsewhere.spans,
    };
  }

  private sourceOf(instance: string): Source {
    const known = this.sources.get(instance);
    if (known !== undefined) return known;
    const source = { seq: 0, dropped: NONE };
    this.sources.set(instance, source);
    const [oldest] = this.sources.keys();
    if (this.sources.size > MAX_SOURCES) this.sources.delete(oldest!);
    return source;
  }
}
