import type { LogRecord } from '../../records/log-record.js';
import type { ViewLine } from '../view-records.js';
import { lineRecord, type LineEntry, type LineSource } from './line-from-record.js';
import { MAX_MESSAGE } from './text-limits.js';

/** Memory that a held line takes besides its texts. */
const OVERHEAD_BYTES = 256;
const BYTES_PER_CHARACTER = 2;

/** A line of a request of which it is not known yet whether it is recorded. */
export class HeldLine {
  /**
   * @param loggedMs when it was written, in monotonic milliseconds.
   * @param record missing where the entry is made into a record only if that is needed.
   * @param bytes an estimate of the memory that it takes.
   */
  constructor(
    readonly entry: LineEntry,
    readonly loggedMs: number,
    readonly record: ViewLine | undefined,
    readonly bytes: number,
  ) {}
}

/**
 * Holds a line as it is now. Most lines have only short texts and numbers, and of those a copy is
 * enough: a record costs several times as much, and most are thrown away.
 *
 * @param sourceOf of the record, where one is made.
 */
export function heldLine(
  entry: LogRecord,
  loggedMs: number,
  sourceOf: (loggedMs: number) => LineSource,
): HeldLine {
  const plain = new PlainEntry(entry);
  if (plain.isWhole) {
    const bytes = plain.characters * BYTES_PER_CHARACTER + OVERHEAD_BYTES;
    return new HeldLine(plain, loggedMs, undefined, bytes);
  }
  const record = lineRecord(sourceOf(loggedMs), entry);
  const bytes = JSON.stringify(record).length * BYTES_PER_CHARACTER + OVERHEAD_BYTES;
  return new HeldLine(entry, loggedMs, record, bytes);
}

/** A copy of an entry that has only plain values: formats change the entry of the logger after this. */
class PlainEntry implements LineEntry {
  readonly level: LogRecord['level'];
  readonly text: LogRecord['text'];
  readonly trace: LogRecord['trace'];
  readonly spanId: LogRecord['spanId'];
  readonly context: LogRecord['context'];
  readonly fields: LogRecord['fields'];
  readonly error = undefined;
  readonly isAccessLog: boolean;
  /** Whether it has all that the entry has. */
  isWhole: boolean;
  characters: number;
  /** Names and values in turn; `undefined` where it has no fields, as most lines. */
  private fieldPairs: unknown[] | undefined = undefined;

  constructor(entry: LogRecord) {
    this.level = entry.level;
    this.text = entry.text;
    this.trace = entry.trace;
    this.spanId = entry.spanId;
    this.context = entry.context;
    this.fields = entry.fields;
    this.isAccessLog = entry.isAccessLog;
    this.characters = this.text.length + (this.context?.length ?? 0);
    this.isWhole = this.characters <= MAX_MESSAGE && entry.error === undefined;
    if (this.isWhole) entry.forEachField((name, value) => this.add(name, value));
  }

  forEachField(visit: (name: string, value: unknown) => void): void {
    const { fieldPairs = [] } = this;
    for (let i = 0; i < fieldPairs.length; i += 2)
      visit(fieldPairs[i] as string, fieldPairs[i + 1]);
  }

  private add(name: string, value: unknown): void {
    (this.fieldPairs ??= []).push(name, value);
    this.characters += name.length + (typeof value === 'string' ? value.length : 0);
    if (typeof value === 'object' || this.characters > MAX_MESSAGE) this.isWhole = false;
  }
}
