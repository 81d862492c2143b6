import { LOG_FIELD_NAMES, ACCESS_LOG_NAMES, type FieldMeaning } from './log-field-names.js';
import { plainAttributes } from './otlp-entries.js';

/** A field that has no known meaning: name and value. */
export type OtherField = readonly [name: string, value: unknown];

interface Place {
  readonly name: string;
  readonly meaning: FieldMeaning;
  /** The number of the meaning. */
  readonly index: number;
  /** The position of the name among those with its meaning. */
  readonly rank: number;
  /** Whether the name has this meaning only on an access log line. */
  readonly isBare: boolean;
}

/** Fields of one line, by the number of their meaning. */
interface Bank {
  /** The number of the line that each field is from: to empty all of them would cost more. */
  readonly lines: number[];
  readonly places: Place[];
  readonly values: unknown[];
}

const INDEXES = new Map<FieldMeaning, number>();
const PLACES = new Map<string, Place>();
/** The names of objects that have fields with a known meaning inside. */
const OBJECTS = new Set<string>();
/** Objects whose fields have the same names as those outside. */
const OPEN: ReadonlySet<FieldMeaning> = new Set<FieldMeaning>(['attributes', 'resource']);
const TAKE_OBJECTS: ReadonlySet<FieldMeaning> = new Set<FieldMeaning>([
  'message',
  'errorCause',
  'steps',
  'hidden',
]);

for (const [names, isBare] of [
  [LOG_FIELD_NAMES, false],
  [ACCESS_LOG_NAMES, true],
] as const) {
  for (const [key, list] of Object.entries(names)) {
    const meaning = key as FieldMeaning;
    if (!INDEXES.has(meaning)) INDEXES.set(meaning, INDEXES.size);
    for (const [rank, name] of list.entries()) addPlace(name, meaning, rank, isBare);
  }
}

function addPlace(name: string, meaning: FieldMeaning, rank: number, isBare: boolean): void {
  PLACES.set(name, { name, meaning, index: INDEXES.get(meaning)!, rank, isBare });
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    OBJECTS.add(name.slice(0, dot));
  }
}

/**
 * The fields of one line by their meaning. The same object is used for every line, as a log has
 * millions.
 */
export class EntryFields {
  private readonly sure = newBank();
  private readonly bare = newBank();
  private line = 0;
  private hasBare = false;
  private others: OtherField[] | undefined;

  read(entry: object): void {
    this.line++;
    this.hasBare = false;
    this.others = undefined;
    this.walk(entry as Record<string, unknown>, '', true);
  }

  /** The value with this meaning, under any name that means nothing else. */
  get(meaning: FieldMeaning): unknown {
    return this.valueIn(this.sure, INDEXES.get(meaning)!);
  }

  /** The value with this meaning if this line is an access log line. */
  getOfAccessLog(meaning: FieldMeaning): unknown {
    const index = INDEXES.get(meaning)!;
    return this.valueIn(this.sure, index) ?? this.valueIn(this.bare, index);
  }

  /** Fields without a known meaning. Unless the line ends a request, those of a request are among them. */
  otherFields(isAccessLogEntry: boolean): readonly OtherField[] | undefined {
    if (!isAccessLogEntry && this.hasBare) {
      for (const index of this.bare.lines.keys()) this.makeOther(this.bare, index);
    }
    return this.others;
  }

  /** Makes a value that does not have this meaning after all a field like any other. */
  giveBack(meaning: FieldMeaning): void {
    this.makeOther(this.sure, INDEXES.get(meaning)!);
  }

  private valueIn({ lines, values }: Bank, index: number): unknown {
    return lines[index] === this.line ? values[index] : undefined;
  }

  private makeOther({ lines, places, values }: Bank, index: number): void {
    if (lines[index] === this.line) this.addOther(places[index]!.name, values[index]);
  }

  private walk(record: Record<string, unknown>, prefix: string, isShown: boolean): void {
    for (const key of Object.keys(record)) {
      const name = prefix === '' ? key : prefix + key;
      const value = record[key];
      const place = PLACES.get(name);
      if (typeof value === 'object' && value !== null && this.open(name, place, value)) continue;
      if (place !== undefined && isTaken(place.meaning, value)) this.put(place, value);
      else if (isShown) this.addOther(name, value);
    }
  }

  /** Reads the fields inside an object that is known to have some. */
  private open(name: string, place: Place | undefined, value: object): boolean {
    if (place !== undefined && OPEN.has(place.meaning)) {
      const record = Array.isArray(value) ? plainAttributes(value) : value;
      if (record === undefined) return false;
      this.walk(record as Record<string, unknown>, '', place.meaning === 'attributes');
      return true;
    }
    if (!OBJECTS.has(name) || Array.isArray(value)) return false;
    this.walk(value as Record<string, unknown>, `${name}.`, true);
    return true;
  }

  private put(place: Place, value: unknown): void {
    if (place.meaning === 'hidden') return;
    const bank = place.isBare ? this.bare : this.sure;
    const { index } = place;
    if (bank.lines[index] === this.line) {
      if (bank.values[index] === value) return;
      if (bank.places[index]!.rank <= place.rank) return this.addOther(place.name, value);
      this.makeOther(bank, index);
    }
    bank.lines[index] = this.line;
    bank.places[index] = place;
    bank.values[index] = value;
    this.hasBare ||= place.isBare;
  }

  private addOther(name: string, value: unknown): void {
    (this.others ??= []).push([name, value]);
  }
}

function isTaken(meaning: FieldMeaning, value: unknown): boolean {
  if (OPEN.has(meaning)) return false;
  if (typeof value === 'string' || typeof value === 'number') return true;
  if (typeof value === 'object' && value !== null) return TAKE_OBJECTS.has(meaning);
  // pino-http writes `null` for a status that was never sent.
  return meaning === 'hidden' || (meaning === 'status_code' && value === null);
}

function newBank(): Bank {
  const none = { name: '', meaning: 'hidden', index: 0, rank: 0, isBare: false } as const;
  return {
    lines: Array.from(INDEXES, () => 0),
    places: Array.from(INDEXES, () => none),
    values: Array.from(INDEXES, () => undefined),
  };
}
