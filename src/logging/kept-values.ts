import { types } from 'node:util';
import { isError, nameOf, readProperty } from '../records/error-fields.js';
import { moreCharacters } from '../records/json-text.js';
import { KeptInstance } from './kept-instance.js';

/** The maximum depth, as that of a line. */
const MAX_DEPTH = 16;
/** What a value takes besides its text. */
const VALUE = 8;
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
  /** How much the values may still hold, in characters and {@link VALUE} for each value. */
  left = 0;
  /** The objects around the one that is copied, and their copies, for what refers to them. */
  private readonly outer: object[] = [];
  private readonly copies: object[] = [];

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
    const kept = Math.max(room, 0);
    // A part of a text would keep the whole of it in memory.
    const copy = Buffer.from(value.slice(0, kept), 'utf16le').toString('utf16le');
    return copy + moreCharacters(value.length - kept);
  }

  private object(value: object): unknown {
    const { outer } = this;
    const depth = outer.length;
    this.left -= VALUE;
    try {
      if (depth > 0) {
        const at = outer.indexOf(value);
        if (at !== -1) return this.copies[at];
        if (depth >= MAX_DEPTH || this.left <= 0) return `[${nameOf(value)}]`;
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
        copy.push(`[${length - i} more items]`);
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
        fields[MARK] = `[${keys.length - i} more fields]`;
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
    if (isError(value)) return this.error(value);
    if (types.isDate(value)) return new Date(value.getTime());
    if (types.isMap(value)) return this.map(value);
    if (types.isSet(value)) return new Set(this.list([...value]));
    if (ArrayBuffer.isView(value)) return this.bytes(value);
    if (hasHiddenState(value) || Object.keys(value).length === 0) return value;
    const copy = this.fields(value, Object.create(prototype) as object);
    const { toJSON } = value as { toJSON?: unknown };
    return typeof toJSON === 'function' ? new KeptInstance(copy, value, this.left > 0) : copy;
  }

  private map(value: ReadonlyMap<unknown, unknown>): unknown {
    const copy = new Map<unknown, unknown>();
    this.enter(value, copy);
    for (const [key, item] of value) {
      if (this.left <= 0) {
        copy.set(MARK, `[${value.size - copy.size} more items]`);
        break;
      }
      copy.set(this.keep(key), this.keep(item));
    }
    this.leave();
    return copy;
  }

  private bytes(value: ArrayBufferView): unknown {
    if (!types.isTypedArray(value)) return value;
    const { byteLength } = value;
    this.left -= byteLength;
    return this.left > 0 ? value.slice() : `[${nameOf(value)} of ${byteLength} bytes]`;
  }

  /**
   * An error whose message, causes and fields are those of now. The stack never changes, and to read
   * it costs more than everything else: it stays with the original, which is the prototype.
   */
  private error(error: Error): Error {
    // Of another realm, such as a test runner's: nothing could tell that its copy is an error.
    if (!(error instanceof Error)) return error;
    const copy = Object.create(error) as Error;
    this.enter(error, copy);
    for (const key of Object.keys(error)) {
      if (this.left <= 0) break;
      this.left -= key.length;
      defineField(copy, key, this.keep(readProperty(error, key)));
    }
    for (const key of ['name', 'message', 'cause', 'errors'] as const) {
      if (!Object.hasOwn(error, key) || Object.hasOwn(copy, key)) continue;
      defineField(copy, key, this.keep(readProperty(error, key)), false);
    }
    this.leave();
    return copy;
  }

  private enter(value: object, copy: object): void {
    this.outer.push(value);
    this.copies.push(copy);
  }

  private leave(): void {
    this.outer.pop();
    this.copies.pop();
  }
}

function defineField(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

/** Whether an object is more than its own fields, so that a copy of them is none of it. */
function hasHiddenState(value: object): boolean {
  return (
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    types.isPromise(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value)
  );
}
