import { quoteJson } from './control-characters.js';
import { isError, readProperty } from './error-fields.js';
import { cutText, MARK_BYTES } from './json-text.js';
import type { Redaction } from './redaction.js';
import { WrittenObjects } from './written-objects.js';

/** How many properties and items are visited for one line, written or not. */
const MAX_VALUES = 10_000;
/** The keys of a larger object are not listed twice for one line: that takes milliseconds. */
const MANY_KEYS = 1000;
/** With less room, nothing more is begun. */
export const MIN_ROOM = 64;

/** The names of the fields of a reference to an error. */
const REFERENCE_BYTES = 36;

/** How much one line may hold, in size and in values. */
export class LineBudget {
  /** Whether something was too large: the JSON is not whole, or none at all. */
  isOver = false;
  protected values = MAX_VALUES;
  private keyLists: Map<object, readonly string[]> | undefined;

  protected readonly written = new WrittenObjects();

  /**
   * @param left how much may still be written.
   * @param isCutting whether what does not fit is cut.
   * @param before a writer that gave up on the same values.
   */
  constructor(
    protected readonly redaction: Redaction,
    public left: number,
    protected readonly isCutting: boolean,
    before?: LineBudget,
  ) {
    this.keyLists = before?.keyLists;
  }

  protected charged(json: string | undefined): string | undefined {
    if (json !== undefined) this.left -= json.length;
    return json;
  }

  protected text(text: string): string {
    if (!this.isCutting) {
      this.left -= text.length + 2;
      if (this.left >= 0) return quoteJson(text);
      this.isOver = true;
      return '""';
    }
    // One long text leaves room for what is behind it.
    const most = Math.max(this.left >> 1, Math.min(this.left, MIN_ROOM));
    let json = text.length <= most ? quoteJson(text) : undefined;
    if (json === undefined || Buffer.byteLength(json) > most) {
      this.isOver = true;
      json = cutText(text, most);
    }
    this.left -= Buffer.byteLength(json);
    return json;
  }

  /** Reserves what an object or a list needs to be closed. */
  protected open(): void {
    this.left -= this.isCutting ? 2 + MARK_BYTES : 2;
  }

  protected close(): void {
    if (this.isCutting) this.left += MARK_BYTES;
  }

  /** Whether one more value may be begun. */
  protected hasRoom(): boolean {
    if (this.values-- > 0 && this.left >= (this.isCutting ? MIN_ROOM : 0)) return true;
    this.isOver = true;
    return false;
  }

  protected keysOf(record: object): readonly string[] {
    const listed = this.keyLists?.get(record);
    if (listed !== undefined) return listed;
    const keys = Object.keys(record);
    if (keys.length > MANY_KEYS) (this.keyLists ??= new Map()).set(record, keys);
    return keys;
  }

  /** What is written of an object that the line has already. */
  protected reference(value: object, known: number, parent: number): string {
    if (this.written.isWithin(parent, known)) return this.text('[Circular]');
    const path = this.written
      .pathTo(this.written.parents[known]!, this.written.names[known])
      .join('.');
    if (!isError(value)) return this.text(`[Repeated: ${path}]`);
    // Which error it is can be read here too.
    this.open();
    const name = this.text(String(readProperty(value, 'name')));
    const message = this.text(String(readProperty(value, 'message')));
    const json = `{"name":${name},"message":${message},"repeated":${this.text(path)}}`;
    this.left -= REFERENCE_BYTES;
    this.close();
    return json;
  }
}
