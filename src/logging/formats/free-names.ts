import { holdsId, isIdName, isIdRoot } from '../../records/id-field-names.js';

/**
 * Finds names for the fields of one entry whose own names are taken by other fields of the line, or
 * would be read as an id. It is made only for an entry that has such a field.
 */
export class FreeNames {
  private readonly taken: Set<string>;

  /**
   * @param fields those of `TraceContext.set`.
   * @param reserved the names that each line of the format has.
   * @param added the fields that this line has beside those of the entry.
   */
  constructor(
    entry: object,
    fields: object | undefined,
    private readonly reserved: ReadonlySet<string>,
    private readonly added: object | undefined,
  ) {
    this.taken = new Set(Object.keys(entry));
    if (fields !== undefined) for (const key of Object.keys(fields)) this.taken.add(key);
  }

  /** The name itself if it is free, else with as many `_` before it as are needed. */
  nameOf(key: string, json: string): string {
    if (!this.isReserved(key) && !isReadAsId(key, json)) return key;
    let free = `_${key}`;
    while (this.taken.has(free) || this.isReserved(free)) free = `_${free}`;
    this.taken.add(free);
    return free;
  }

  /** A name for a field of the line itself. */
  own(name: string): string {
    let free = name;
    while (this.taken.has(free) || this.isReserved(free)) free = `_${free}`;
    return free;
  }

  private isReserved(name: string): boolean {
    const { reserved, added } = this;
    return reserved.has(name) || (added !== undefined && Object.hasOwn(added, name));
  }
}

function isReadAsId(key: string, json: string): boolean {
  if (isIdName(key)) return true;
  return isIdRoot(key) && json.startsWith('{') && holdsId(key, JSON.parse(json));
}
