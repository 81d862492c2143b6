import { types } from 'node:util';
import { isError, nameOf, readProperty } from '../records/error-fields.js';
import { bytesIn, copyOfBytes } from './kept-bytes.js';
import { keptError } from './kept-error.js';
import { cutText, defineField } from './kept-fields.js';
import { KeptInstance } from './kept-instance.js';

/** The maximum depth, as that of a line. */
const MAX_DEPTH = 16;
/** What a value takes besides its text. */
const VALUE = 8;
/** What an object takes besides its fields. */
const OBJECT = 40;
/** What the end of a text takes that says how much was cut. */
const CUT = 32;
/** Objects with more fields than these are not copied at once: they may have a million. */
const MAX_AT_ONCE = 64;
/** The mark of fields that were left out, as a line has it. */
const MARK = '…';

type Fields = Record<string, unknown>;

/**
 * Keeps the arguments of a log call as they are now: the application may change its objects before
 * they are written. Nothing is formatted, and no `toJSON`, `toString` or function is called.
 *
 * Copied are plain objects, arrays, errors, dates, maps, sets, bytes and the own fields of instances,
 * at any depth, until the room is used up. What has none of its own, such as a URL, a promise, a
 * function or what keeps its state in private fields, stays as it is.
 */
export class ValueKeeper {
  /**
   * How much the values may still hold: the characters of their texts, {@link VALUE} for each value
   * and {@link OBJECT} for each object. It may end below zero, by a little for each argument.
   */
  left = 0;
  /** How much one entry may hold. */
  room = 0;
  /** Whether a part of what was kept was left out. */
  isCut = false;
  /** The objects around the one that is copied, and their copies, for what refers to them. */
  private readonly outer: object[] = [];
  private readonly copies: object[] = [];

  /** Begins an entry that may hold this much. */
  begin(room: number): void {
    this.left = this.room = room;
    this.isCut = false;
  }

  keep(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'object':
        return value === null ? value : this.object(value);
      default:
        this.left -= VALUE;
        return value;
    }
  }

  private text(value: string): string {
    const room = this.left;
    this.left -= value.length + VALUE;
    if (value.length <= room) return value;
    this.isCut = true;
    // Only what is kept of it counts.
    this.left = Math.min(room, 0) - VALUE - CUT;
    return cutText(value, Math.max(room, 0));
  }

  private object(value: object): unknown {
    const { outer } = this;
    const depth = outer.length;
    this.left -= OBJECT;
    try {
      if (depth > 0) {
        const at = outer.indexOf(value);
        if (at !== -1) return this.copies[at];
        if (depth >= MAX_DEPTH || this.left <= 0) return this.omitted(`[${nameOf(value)}]`);
      }
      if (Array.isArray(value)) return this.list(value);
      const prototype = Object.getPrototypeOf(value) as object | null;
      if (prototype === Object.prototype) return this.record(value);
      if (prototype === null) return this.fields(value, Object.create(null) as Fields);
      return this.instance(value, prototype);
    } catch {
      // A proxy that was revoked, or whose traps throw: the line will say so.
      outer.length = this.copies.length = depth;
      return value;
    }
  }

  private list(values: readonly unknown[]): unknown[] {
    const copy: unknown[] = [];
    this.enter(values, copy);
    const { length } = values;
    for (let i = 0; i < length; i++) {
      if (this.left <= 0) {
        copy.push(this.omitted(`[${length - i} more items]`));
        break;
      }
      copy.push(this.keep(values[i]));
    }
    this.leave();
    return copy;
  }

  /**
   * A plain object. Most have a few fields and much room: to copy them at once, and then what has to
   * be kept of them, takes a third of what it takes to copy them one by one.
   */
  private record(value: object): object {
    let copy: Fields;
    let count = 0;
    for (const _ in value) if (++count > MAX_AT_ONCE) return this.fields(value, {});
    try {
      copy = { ...value };
    } catch {
      // A getter throws: that one field is lost.
      return this.fields(value, {});
    }
    let { left } = this;
    let hasObjects = false;
    for (const key in copy) {
      const own = copy[key];
      left -= key.length + VALUE;
      if (typeof own === 'string') left -= own.length;
      else if (typeof own === 'object' && own !== null) hasObjects = true;
    }
    if (left <= 0) return this.fields(value, {});
    this.left = left;
    if (!hasObjects) return copy;
    this.enter(value, copy);
    for (const key in copy) {
      const own = copy[key];
      if (typeof own === 'object' && own !== null) copy[key] = this.object(own);
    }
    this.leave();
    return copy;
  }

  private fields<T extends object>(value: object, copy: T): T {
    this.enter(value, copy);
    const fields = copy as Fields;
    const keys = Object.keys(value);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (this.left <= 0) {
        fields[MARK] = this.omitted(`[${keys.length - i} more fields]`);
        break;
      }
      this.left -= key.length;
      const own = readProperty(value, key);
      const kept = typeof own === 'string' && own.length <= this.left ? own : this.keep(own);
      if (kept === own && typeof own === 'string') this.left -= own.length + VALUE;
      // A setter of the class, or the prototype itself, is not to be called.
      if (key in copy) defineField(copy, key, kept);
      else fields[key] = kept;
    }
    this.leave();
    return copy;
  }

  private instance(value: object, prototype: object): unknown {
    if (isError(value)) return keptError(value, this);
    if (types.isDate(value)) return new Date(value.getTime());
    if (types.isMap(value)) return this.map(value);
    if (types.isSet(value)) return this.set(value);
    const length = bytesIn(value);
    if (length !== undefined) return this.bytes(value, length);
    if (hasHiddenState(value) || Object.keys(value).length === 0) return value;
    const wasCut = this.isCut;
    this.isCut = false;
    const copy = this.fields(value, Object.create(prototype) as object);
    const { isCut } = this;
    this.isCut = isCut || wasCut;
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON !== 'function') return copy;
    // What does not fit in full is not held by its original either.
    return new KeptInstance(copy, isCut ? undefined : value);
  }

  // The iterators of an instance may be its own, and endless.
  private map(value: ReadonlyMap<unknown, unknown>): unknown {
    const copy = new Map<unknown, unknown>();
    this.enter(value, copy);
    for (const [key, item] of Map.prototype.entries.call(value)) {
      if (this.left <= 0) {
        copy.set(MARK, this.omitted(`[${value.size - copy.size} more items]`));
        break;
      }
      copy.set(this.keep(key), this.keep(item));
    }
    this.leave();
    return copy;
  }

  private set(value: ReadonlySet<unknown>): unknown {
    const copy = new Set<unknown>();
    this.enter(value, copy);
    for (const item of Set.prototype.values.call(value)) {
      if (this.left <= 0) {
        copy.add(this.omitted(`[${value.size - copy.size} more items]`));
        break;
      }
      copy.add(this.keep(item));
    }
    this.leave();
    return copy;
  }

  private bytes(value: object, length: number): unknown {
    if (length > this.left) return this.omitted(`[${nameOf(value)} of ${length} bytes]`);
    this.left -= length;
    return copyOfBytes(value);
  }

  /** A text in place of what was left out. */
  private omitted(text: string): string {
    this.isCut = true;
    this.left -= CUT;
    return text;
  }

  enter(value: object, copy: object): void {
    this.outer.push(value);
    this.copies.push(copy);
  }

  leave(): void {
    this.outer.pop();
    this.copies.pop();
  }
}

/** Whether an object is more than its own fields, so that a copy of them is none of it. */
function hasHiddenState(value: object): boolean {
  return (
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value)
  );
}
