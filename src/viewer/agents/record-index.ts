import type { RecordStore } from '../server/record-store.js';
import { DEFAULT_LIMITS } from '../store/store-limits.js';
import { ViewStore } from '../store/view-store.js';
import type { Work } from '../summary/answers/answer.js';
import type { ViewRecord } from '../view-records.js';

/** How long the index is kept after the last question. */
const IDLE_MS = 30_000;
/** Records that are read at once, and their characters: what keeps the event loop busy. */
const BATCH = 50;
const BATCH_CHARACTERS = 128 * 1024;

/** What the trace viewer may keep. */
interface IndexLimits {
  readonly requests: number;
  readonly lines: number;
  readonly bytes: number;
}

/**
 * The records of the server, which are kept as text, in a form that can be searched. It is made when
 * an agent asks, kept up to date while agents ask, and dropped when none has asked for a while.
 */
export class RecordIndex {
  private store: ViewStore | undefined;
  private seq = 0;
  private characters = 0;
  private users = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly records: Pick<RecordStore, 'after' | 'dropped'>,
    private readonly limits: IndexLimits,
  ) {}

  /** Whether it takes memory now. */
  get isKept(): boolean {
    return this.store !== undefined;
  }

  /** Keeps the index while `use` runs. */
  async keepWhile<T>(use: () => Promise<T>): Promise<T> {
    clearTimeout(this.timer);
    this.users++;
    try {
      return await use();
    } finally {
      if (--this.users === 0) this.timer = setTimeout(() => this.drop(), IDLE_MS).unref();
    }
  }

  /** Reads what has been recorded since the last time. */
  *update(): Work<ViewStore> {
    for (;;) {
      const store = this.opened();
      const batch = fitting(this.records.after(this.seq, BATCH));
      if (batch.length === 0) return store;
      store.add(batch.map(({ json }) => JSON.parse(json) as ViewRecord));
      this.seq = batch.at(-1)!.seq;
      for (const { json } of batch) this.characters += json.length;
      yield;
    }
  }

  /** The store. One that holds more than the server itself ever does is made again. */
  private opened(): ViewStore {
    if (this.store === undefined || this.characters > this.limits.bytes) {
      this.drop();
      const { requests, lines } = this.limits;
      this.store = new ViewStore({ ...DEFAULT_LIMITS, requests, lines });
    }
    const { requests, lines, spans } = this.records.dropped;
    this.store.add([{ type: 'drops', requests, lines, spans }]);
    return this.store;
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.store = undefined;
    this.seq = 0;
    this.characters = 0;
  }
}

/** As many as are read at once: at least one. */
function fitting<T extends { readonly json: string }>(records: readonly T[]): readonly T[] {
  let characters = 0;
  const end = records.findIndex(({ json }) => (characters += json.length) > BATCH_CHARACTERS);
  return end === -1 ? records : records.slice(0, Math.max(1, end));
}
