import { FIELD_NAMES, FINISH_NAMES, type Slot } from './field-names.js';
import { otlpAttributes } from './otlp-values.js';

/** A field that nobody knows: name and value. */
export type OtherField = readonly [name: string, value: unknown];

interface Place {
  readonly name: string;
  readonly slot: Slot;
  /** The number of the slot. */
  readonly index: number;
  /** Where the name stands among those of its slot. */
  readonly rank: number;
  /** Whether the name means this only on a line that ends a request. */
  readonly isBare: boolean;
}

/** One line's fields of some kind, by the number of their slot. */
interface Bank {
  /** The number of the line that has put a field there: emptying all slots would cost more. */
  readonly lines: number[];
  readonly places: Place[];
  readonly values: unknown[];
}

const INDEXES = new Map<Slot, number>();
const PLACES = new Map<string, Place>();
/** The names of the objects in which fields are looked for. */
const OBJECTS = new Set<string>();
/** Those whose fields are named as if they stood outside. */
const OPEN: ReadonlySet<Slot> = new Set<Slot>(['attributes', 'resource']);
const TAKE_OBJECTS: ReadonlySet<Slot> = new Set<Slot>(['message', 'errorCause', 'steps', 'hidden']);

for (const [names, isBare] of [
  [FIELD_NAMES, false],
  [FINISH_NAMES, true],
] as const) {
  for (const [key, list] of Object.entries(names)) {
    const slot = key as Slot;
    if (!INDEXES.has(slot)) INDEXES.set(slot, INDEXES.size);
    for (const [rank, name] of list.entries()) addPlace(name, slot, rank, isBare);
  }
}

function addPlace(name: string, slot: Slot, rank: number, isBare: boolean): void {
  PLACES.set(name, { name, slot, index: INDEXES.get(slot)!, rank, isBare });
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    OBJECTS.add(name.slice(0, dot));
  }
}

/**
 * What the fields of one line are about, found by their names. The same object serves every line:
 * a log has millions.
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

  /** The value of a slot, under any name that means nothing else. */
  get(slot: Slot): unknown {
    return this.valueIn(this.sure, INDEXES.get(slot)!);
  }

  /** The value that a slot has if this line ends a request. */
  getOfFinish(slot: Slot): unknown {
    const index = INDEXES.get(slot)!;
    return this.valueIn(this.sure, index) ?? this.valueIn(this.bare, index);
  }

  /** What nobody knows; unless the line ends a request, that is much of what could tell of one. */
  otherFields(isAccessLogEntry: boolean): readonly OtherField[] | undefined {
    if (!isAccessLogEntry && this.hasBare) {
      for (const index of this.bare.lines.keys()) this.makeOther(this.bare, index);
    }
    return this.others;
  }

  /** Makes a value that turned out not to belong to its slot a field like any other. */
  giveBack(slot: Slot): void {
    this.makeOther(this.sure, INDEXES.get(slot)!);
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
      if (place !== undefined && isTaken(place.slot, value)) this.put(place, value);
      else if (isShown) this.addOther(name, value);
    }
  }

  /** Looks for fields inside an object that is known to have some. */
  private open(name: string, place: Place | undefined, value: object): boolean {
    if (place !== undefined && OPEN.has(place.slot)) {
      const record = Array.isArray(value) ? otlpAttributes(value) : value;
      this.walk(record as Record<string, unknown>, '', place.slot === 'attributes');
      return true;
    }
    if (!OBJECTS.has(name) || Array.isArray(value)) return false;
    this.walk(value as Record<string, unknown>, `${name}.`, true);
    return true;
  }

  private put(place: Place, value: unknown): void {
    if (place.slot === 'hidden') return;
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

function isTaken(slot: Slot, value: unknown): boolean {
  if (OPEN.has(slot)) return false;
  if (typeof value === 'string' || typeof value === 'number') return true;
  if (typeof value === 'object' && value !== null) return TAKE_OBJECTS.has(slot);
  // pino-http says `null` for the status that was never sent.
  return slot === 'hidden' || (slot === 'status_code' && value === null);
}

function newBank(): Bank {
  const none = { name: '', slot: 'hidden', index: 0, rank: 0, isBare: false } as const;
  return {
    lines: Array.from(INDEXES, () => 0),
    places: Array.from(INDEXES, () => none),
    values: Array.from(INDEXES, () => undefined),
  };
}
