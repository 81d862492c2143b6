import { types } from 'node:util';
import { errorFields, isError, messageOf, nameOf, readProperty } from './error-fields.js';
import { simpleJson } from './json-text.js';
import { firstOf, namedEntries } from './map-entries.js';
import { FLAT_HEADERS, isNamedSecret, isSecretPair, type Pair } from './secret-pairs.js';
import { LineBudget, MIN_ROOM } from './line-budget.js';
import { NO_PARENT, type Name } from './written-objects.js';
import { endsAt, isHidden, step, type KnownName, type PathNode } from './redaction.js';

/** The maximum depth. Of a deeper value only the class name is written. */
const MAX_DEPTH = 16;

type Places = readonly PathNode[] | undefined;

/**
 * Writes the values of one line. Each object is written at most once for each line, so that the time
 * does not grow with how objects are linked; where it appears again is the path to where it is
 * written. One writer either writes everything as it is and gives up at its limit, which is the usual
 * case and counts characters, or cuts what does not fit, and counts bytes.
 */
export class JsonWriter extends LineBudget {
  /** The JSON of a value without a name. */
  root(value: unknown): string | undefined {
    const { paths } = this.redaction;
    return this.value(value, undefined, NO_PARENT, 0, paths && [paths]);
  }

  /** The JSON of the value of a field, by its name redacted or not. */
  member(name: string, value: unknown): string | undefined {
    const { paths } = this.redaction;
    const places = paths === undefined ? undefined : step([paths], name);
    return this.field(this.redaction.name(name), name, value, NO_PARENT, 0, places);
  }

  private field(
    known: KnownName,
    name: Name,
    value: unknown,
    parent: number,
    depth: number,
    places: Places,
  ): string | undefined {
    return isHidden(known, value) || endsAt(places)
      ? this.hidden(name, value, parent, depth)
      : this.value(value, name, parent, depth, places);
  }

  private hidden(name: Name, value: unknown, parent: number, depth: number): string | undefined {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
      return undefined;
    }
    const replacement = this.redaction.replacement(value, this.written.pathTo(parent, name));
    return this.value(replacement, name, parent, depth, undefined);
  }

  private value(
    value: unknown,
    name: Name | undefined,
    parent: number,
    depth: number,
    places: Places,
  ): string | undefined {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'object' && value !== null) {
      return this.object(value, name, parent, depth, places);
    }
    return this.charged(simpleJson(value));
  }

  private object(
    value: object,
    name: Name | undefined,
    parent: number,
    depth: number,
    places: Places,
  ): string | undefined {
    const known = this.written.indexOf(value);
    if (known !== -1) return this.reference(value, known, parent);
    try {
      if (depth >= MAX_DEPTH) return this.text(`[${nameOf(value)}]`);
      if (isError(value)) {
        return this.record(
          errorFields(value),
          this.written.note(value, name, parent),
          depth + 1,
          places,
        );
      }
      if (ArrayBuffer.isView(value)) {
        return this.text(`[${nameOf(value)}(${value.byteLength})]`);
      }
      const { toJSON } = value as { toJSON?: unknown };
      if (typeof toJSON === 'function') {
        const json: unknown = toJSON.call(value);
        if (typeof json !== 'object' || json === null) {
          return this.value(json, name, parent, depth, undefined);
        }
        // It may return another copy whenever it is called.
        if (json !== value) {
          const index = this.written.note(value, name, parent);
          return this.object(json, undefined, index, depth + 1, places);
        }
      }
      return this.contents(value, name, parent, depth + 1, places);
    } catch (error) {
      return this.text(`[Threw: ${messageOf(error)}]`);
    }
  }

  private contents(
    value: object,
    name: Name | undefined,
    parent: number,
    depth: number,
    places: Places,
  ): string | undefined {
    if (Array.isArray(value)) {
      if (value.length === 0) return this.charged('[]');
      const index = this.written.note(value, name, parent);
      return this.list(value, value.length, index, depth, places);
    }
    if (types.isRegExp(value)) return this.text(String(value));
    if (types.isBoxedPrimitive(value)) {
      return this.value(value.valueOf(), name, parent, depth, places) ?? 'null';
    }
    if (value instanceof Set) {
      const items = firstOf(value, this.values);
      return this.list(items, value.size, this.written.note(value, name, parent), depth, places);
    }
    if (value instanceof Map) {
      return this.map(value, this.written.note(value, name, parent), depth, places);
    }
    const keys = this.keysOf(value);
    if (keys.length === 0) return this.charged('{}');
    return this.record(value, this.written.note(value, name, parent), depth, places, keys);
  }

  /** As an object; as a list of pairs where that would lose entries or what their keys are. */
  private map(
    map: ReadonlyMap<unknown, unknown>,
    index: number,
    depth: number,
    places: Places,
  ): string {
    const entries = firstOf(map, this.values);
    const record = namedEntries(entries);
    if (record === undefined) return this.list(entries, map.size, index, depth, places, true);
    return this.record(record, index, depth, places, Object.keys(record), map.size);
  }

  /** @param isOfPairs whether its items are names with their values, as those of a map are. */
  private list(
    list: readonly unknown[],
    length: number,
    index: number,
    depth: number,
    places: Places,
    isOfPairs = false,
  ): string {
    const name = this.written.names[index];
    const isFlatHeaders = typeof name === 'string' && FLAT_HEADERS.test(name);
    this.open();
    let json = '';
    for (let i = 0; i < length; i++) {
      if (i >= list.length || !this.hasRoom()) {
        json += `${i === 0 ? '' : ','}"[${length - i} more items]"`;
        this.isOver = true;
        break;
      }
      const item = readProperty(list, i);
      const inner = places && step(places, String(i));
      const before = isFlatHeaders && i % 2 === 1 ? list[i - 1] : undefined;
      let written: string | undefined;
      if (endsAt(inner) || (typeof before === 'string' && this.redaction.hides(before, item))) {
        written = this.hidden(i, item, index, depth);
      } else if (isSecretPair(item, this.redaction, isOfPairs)) {
        written = this.pair(item, i, index, depth);
      } else {
        written = this.value(item, i, index, depth, inner);
      }
      json += `${i === 0 ? '' : ','}${written ?? 'null'}`;
      this.left--;
    }
    this.close();
    return `[${json}]`;
  }

  /** A name and a secret. */
  private pair(item: Pair, at: number, parent: number, depth: number): string {
    const [name, value] = item;
    const index = this.written.note(item, at, parent);
    const written = this.hidden(name, value, index, depth + 1) ?? 'null';
    this.left -= 4;
    return `[${this.text(name)},${written}]`;
  }

  private record(
    record: object,
    index: number,
    depth: number,
    places: Places,
    keys: readonly string[] = this.keysOf(record),
    length = keys.length,
  ): string {
    this.open();
    let json = '';
    let omitted = length - keys.length;
    for (let i = 0; i < keys.length; i++) {
      if (!this.hasRoom()) {
        omitted += keys.length - i;
        break;
      }
      const key = keys[i]!;
      if (key.length > this.left) {
        this.isOver = true;
        omitted++;
        continue;
      }
      const value = readProperty(record, key);
      if (value === undefined || typeof value === 'function') continue;
      const known = this.redaction.name(key);
      const cost = this.isCutting ? Buffer.byteLength(known.next) : known.next.length;
      if (this.isCutting && cost > this.left - MIN_ROOM) {
        omitted++;
        continue;
      }
      this.left -= cost;
      const inner = places && step(places, key);
      const written =
        key === 'value' && isNamedSecret(record, value, this.redaction)
          ? this.hidden(key, value, index, depth)
          : this.field(known, key, value, index, depth, inner);
      if (written === undefined) this.left += cost;
      else json += (json === '' ? known.first : known.next) + written;
    }
    if (omitted > 0) {
      this.isOver = true;
      let mark = '…';
      while (Object.hasOwn(record, mark)) mark += '…';
      json += `${json === '' ? '' : ','}"${mark}":"[${omitted} more fields]"`;
    }
    this.close();
    return `{${json}}`;
  }
}
