import { type Dialect, INDEXES, type Place, type Where } from './field-places.js';
import type { FieldMeaning } from './log-field-names.js';
import { plainAttributes } from './otlp-entries.js';

/** A field that has no known meaning: name and value. */
export type OtherField = readonly [name: string, value: unknown];

/** Fields of one line, by the number of their meaning. */
interface Bank {
  /** The number of the line that each field is from: to empty all of them would cost more. */
  readonly lines: number[];
  readonly places: Place[];
  readonly values: unknown[];
}

const TAKE_OBJECTS: ReadonlySet<FieldMeaning> = new Set<FieldMeaning>([
  'message',
  'errorCause',
  'steps',
  'query',
  'sent',
  'hidden',
]);
/** What decides to which request a line belongs. */
const IDS: ReadonlySet<FieldMeaning> = new Set<FieldMeaning>([
  ...(['trace', 'request', 'correlation', 'session', 'span', 'transaction'] as const),
  ...(['service', 'pid', 'hostname', 'process', 'machine'] as const),
]);
/** What is longer is no id: ids are remembered after their lines were shown. */
const MAX_ID_CHARACTERS = 512;

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
  private dialect!: Dialect;
  /** The keys of the line that hold ids, or objects that may. */
  readonly idKeys = new Set<string>();

  read(entry: object, dialect: Dialect): void {
    this.line++;
    this.hasBare = false;
    this.others = undefined;
    this.dialect = dialect;
    this.idKeys.clear();
    this.walk(entry as Record<string, unknown>, '', 'top', true);
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

  private walk(
    record: Record<string, unknown>,
    prefix: string,
    where: Where,
    isShown: boolean,
  ): void {
    for (const key of Object.keys(record)) {
      const name = prefix === '' ? key : prefix + key;
      const value = record[key];
      let place = this.dialect.byName.get(name);
      if (place?.where !== undefined && place.where !== where) place = undefined;
      const isIdHere = place !== undefined && IDS.has(place.meaning);
      if (where === 'top' && (isIdHere || this.dialect.objects.has(key))) this.idKeys.add(key);
      if (typeof value === 'object' && value !== null && this.open(name, place, value, where)) {
        continue;
      }
      if (place !== undefined && isTaken(place.meaning, value)) this.put(place, value);
      else if (isShown) this.addOther(name, value);
    }
  }

  /** Reads the fields inside an object that is known to have some. */
  private open(name: string, place: Place | undefined, value: object, where: Where): boolean {
    if (where === 'top' && this.dialect.hasAttributes) {
      if (place?.meaning === 'attributes') return this.openAttributes(value, 'attributes');
      if (place?.meaning === 'resource') {
        const { attributes } = value as { attributes?: unknown };
        return this.openAttributes(isObject(attributes) ? attributes : value, 'resource');
      }
    }
    if (!this.dialect.objects.has(name) || Array.isArray(value)) return false;
    const inside = where === 'top' ? 'object' : where;
    this.walk(value as Record<string, unknown>, `${name}.`, inside, where !== 'resource');
    return true;
  }

  private openAttributes(value: object, where: 'attributes' | 'resource'): boolean {
    const record = Array.isArray(value) ? plainAttributes(value) : value;
    if (record === undefined) return false;
    this.walk(record as Record<string, unknown>, '', where, where === 'attributes');
    return true;
  }

  private put(place: Place, value: unknown): void {
    if (place.meaning === 'hidden') return;
    const bank = place.isBare ? this.bare : this.sure;
    const { index } = place;
    const isId = IDS.has(place.meaning);
    if (bank.lines[index] === this.line) {
      if (bank.values[index] === value) return;
      const isKept =
        (isId && this.dialect.prefers === 'first') || bank.places[index]!.rank <= place.rank;
      if (isKept) return this.addOther(place.name, value);
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
  if (meaning === 'attributes' || meaning === 'resource') return false;
  if (typeof value === 'string') return value.length <= MAX_ID_CHARACTERS || !IDS.has(meaning);
  if (typeof value === 'number') return true;
  if (isObject(value)) return TAKE_OBJECTS.has(meaning);
  // pino-http writes `null` for a status that was never sent.
  return meaning === 'hidden' || (meaning === 'status_code' && value === null);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function newBank(): Bank {
  const none = {
    ...({ name: '', meaning: 'hidden', index: 0, rank: 0 } as const),
    ...{ isBare: false, where: undefined },
  };
  return {
    lines: Array.from(INDEXES, () => 0),
    places: Array.from(INDEXES, (): Place => none),
    values: Array.from(INDEXES, () => undefined),
  };
}
