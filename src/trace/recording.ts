import { ArrivalList, type Arrival } from '../records/arrival-list.js';
import { sharedState } from '../records/shared-state.js';
import { shortLivedArray } from '../records/short-lived-array.js';

/** What the flight recorder of an application keeps, and when it writes it. */
export interface RecorderPolicy {
  /** The least severe level that is kept. */
  readonly level: string;
  /** How many entries of one trace are kept. */
  readonly entries: number;
  /** How many bytes of one trace are kept, by the estimates of the entries. */
  readonly bytes: number;
  /** What makes it write what it has. */
  readonly when: ReadonlySet<string>;
}

/** A log call below the logger's level, as it was when it was made. */
export interface RecordedEntry {
  /** How much it holds, roughly: the texts of its arguments, and a little for each value. */
  readonly bytes: number;
  /** Makes the call again, with the logger that it was made with. */
  write(): void;
}

/** What all recordings of the process may hold. */
const MAX_BYTES = 16 * 1024 * 1024;
/** How many there may be: each keeps its trace, which the estimates of entries do not count. */
const MAX_RECORDINGS = 5000;
/** What an entry takes besides what it holds. */
const ENTRY_BYTES = 160;
/** What a recording takes besides its entries: its trace, above all. */
const RECORDING_BYTES = 1024;
/** So many places at the beginning may be empty before the list is made anew. */
const MAX_EMPTY = 64;

const held = sharedState('recordings', () => ({
  bytes: 0,
  /** Those that hold entries, the oldest first. */
  recordings: new ArrivalList<Recording>(),
}));

/** How much the recordings of the process hold. */
export function heldByRecordings(): { readonly bytes: number; readonly recordings: number } {
  return { bytes: held.bytes, recordings: held.recordings.size };
}

/**
 * The log entries of one request, message, job or run that were below the logger's level. The last
 * ones are kept, within the limits of the application and those of the process. Where the process
 * holds too much, the recordings that began first are emptied: one of them may never end.
 */
export class Recording implements Arrival<Recording> {
  /** Whether it is written however the trace ends. */
  isWanted = false;
  /** Whether an entry at `error` or above was logged. */
  hasError = false;
  /** How many entries did not fit. */
  dropped = 0;
  older: Recording | undefined = undefined;
  newer: Recording | undefined = undefined;
  /** Whether it is among those that hold entries. */
  private isHeld = false;
  private entries = shortLivedArray<RecordedEntry | undefined>();
  private first = 0;
  private bytes = 0;

  constructor(readonly limits: RecorderPolicy) {}

  get count(): number {
    return this.entries.length - this.first;
  }

  /** Keeps an entry, in the place of the first ones where there is no room for it. */
  add(entry: RecordedEntry): void {
    const { limits } = this;
    if (entry.bytes > limits.bytes) {
      this.dropped++;
      return;
    }
    while (this.count >= limits.entries || this.bytes + entry.bytes > limits.bytes) {
      this.dropFirst();
    }
    if (!this.isHeld) {
      this.isHeld = true;
      held.recordings.add(this);
      held.bytes += RECORDING_BYTES;
    }
    this.entries.push(entry);
    this.bytes += entry.bytes;
    held.bytes += entry.bytes + ENTRY_BYTES;
    if (held.bytes > MAX_BYTES || held.recordings.size > MAX_RECORDINGS) makeRoom(this);
  }

  /** Takes all entries, in their order. */
  take(): RecordedEntry[] {
    const { entries, first } = this;
    const taken = (first === 0 ? entries : entries.slice(first)) as RecordedEntry[];
    this.discard();
    return taken;
  }

  /** Drops all entries: there is no room for them in the process. */
  evict(): void {
    this.dropped += this.count;
    this.discard();
  }

  dropFirst(): void {
    const entry = this.entries[this.first];
    if (entry === undefined) return;
    this.entries[this.first++] = undefined;
    this.dropped++;
    this.bytes -= entry.bytes;
    held.bytes -= entry.bytes + ENTRY_BYTES;
    if (this.first < MAX_EMPTY || this.first < this.count) return;
    this.entries = this.entries.slice(this.first);
    this.first = 0;
  }

  /** Drops all entries: they are not to be written. */
  discard(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    held.recordings.remove(this);
    held.bytes -= this.bytes + this.count * ENTRY_BYTES + RECORDING_BYTES;
    this.entries = shortLivedArray();
    this.first = 0;
    this.bytes = 0;
  }
}

/** A trace, as far as its recording is concerned. */
interface RecordedTrace {
  readonly finished: boolean;
  readonly policy: { readonly recorder?: RecorderPolicy | undefined };
  recording: Recording | null | undefined;
}

/** Empties the oldest recordings. The one that has just grown loses its first entries only. */
function makeRoom(grown: Recording): void {
  let next = held.recordings.oldest;
  while (next !== undefined && (held.bytes > MAX_BYTES || held.recordings.size > MAX_RECORDINGS)) {
    const recording = next;
    next = recording.newer;
    if (recording !== grown) recording.evict();
    else while (held.bytes > MAX_BYTES && grown.count > 1) grown.dropFirst();
  }
}

/**
 * The recording of a trace, which begins with the first question. `undefined` where the application
 * has no flight recorder, and for a trace that has ended or never does.
 */
export function recordingOf(trace: RecordedTrace): Recording | undefined {
  if (trace.finished) return undefined;
  if (trace.recording !== undefined) return trace.recording ?? undefined;
  const { recorder } = trace.policy;
  if (recorder === undefined) return undefined;
  trace.recording = new Recording(recorder);
  return trace.recording;
}
