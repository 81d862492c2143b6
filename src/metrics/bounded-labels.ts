import { STATUS_CODES } from 'node:http';
import { UseSketch } from './use-sketch.js';

/** The label value for all values beyond the limit, and for unknown ones. */
export const OTHER = '_OTHER';

/** The maximum number of values of one label. */
const MAX_LABEL_VALUES = 500;

/** The maximum length of a value, in characters: the values of a label are bounded in bytes too. */
const MAX_LENGTH = 256;

/** After so many values of a full label, all uses are halved: what was in use once makes room. */
const AGE_AFTER = 20_000;

/** A full label takes in at most one new value in so many, since each one costs a walk over all. */
const TAKE_EVERY = 8;

/** A value that has its own series. */
interface KnownValue<T> {
  uses: number;
  readonly data: T;
}

/**
 * Limits the cardinality of a label without pushing out what is in use. Values are kept up to the
 * limit, and all others become `_OTHER`. Where the label is full, a value that is used more often
 * than a kept one takes its place: names that a caller makes up once replace nothing, and a route
 * that comes late gets its own series after a few requests.
 *
 * @see https://prometheus.io/docs/practices/naming/#labels
 */
export class BoundedLabel<T> {
  private readonly known = new Map<string, KnownValue<T>>();
  private others: UseSketch | undefined;
  private untilAging = AGE_AFTER;
  private untilNext = 0;

  /**
   * @param create makes what is kept with a value.
   * @param remove is called for a value that makes room. Returns `false` where it has to stay.
   */
  constructor(
    private readonly create: (value: string) => T,
    private readonly remove: (value: string, data: T) => boolean,
    private readonly limit = MAX_LABEL_VALUES,
  ) {}

  /** Counts a use of a value. Returns what is kept with it; `undefined` where it is `_OTHER`. */
  use(value: string): T | undefined {
    if (this.known.size >= this.limit) this.age();
    const known = this.known.get(value);
    if (known !== undefined) {
      known.uses++;
      return known.data;
    }
    if (value === OTHER || value.length > MAX_LENGTH) return undefined;
    let uses = 1;
    if (this.known.size >= this.limit) {
      this.others ??= new UseSketch();
      uses = this.others.add(value);
      if (this.untilNext > 0 || !this.makeRoom(uses)) return undefined;
      this.untilNext = TAKE_EVERY;
    }
    const data = this.create(value);
    this.known.set(value, { uses, data });
    return data;
  }

  /** Removes the least used value, if a value with so many uses is used more. */
  private makeRoom(uses: number): boolean {
    let least: string | undefined;
    let fewest = uses;
    for (const [value, known] of this.known) {
      if (known.uses >= fewest) continue;
      least = value;
      fewest = known.uses;
    }
    const known = least === undefined ? undefined : this.known.get(least);
    if (least === undefined || known === undefined || !this.remove(least, known.data)) return false;
    return this.known.delete(least);
  }

  private age(): void {
    if (this.untilNext > 0) this.untilNext--;
    if (--this.untilAging > 0) return;
    this.untilAging = AGE_AFTER;
    for (const known of this.known.values()) known.uses >>>= 1;
    this.others?.halve();
  }
}

/**
 * Limits a label whose values cannot be replaced: the first ones are kept. For names of transports,
 * which the code of the application chooses.
 */
export function firstValues(limit: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= limit || value.length > MAX_LENGTH) return OTHER;
    known.add(value);
    return value;
  };
}

/** The HTTP methods that OpenTelemetry lists as known. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
]);

/** The label value of an HTTP method: the method if it is known, otherwise `_OTHER`. */
export function methodLabel(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : OTHER;
}

/** @see https://www.iana.org/assignments/http-status-codes */
const STATUSES: ReadonlyMap<number, string> = new Map(
  Object.keys(STATUS_CODES).map((status) => [Number(status), status]),
);
const CLASSES: readonly string[] = [OTHER, '1xx', '2xx', '3xx', '4xx', '5xx'];

/**
 * The label value of a status: the status if it is registered, else its class, such as `4xx`, which
 * a query for `4..` finds too. A handler may send any number that a caller has chosen.
 */
export function statusLabel(status: number | undefined): string {
  if (status === undefined) return '';
  return STATUSES.get(status) ?? CLASSES[Math.trunc(status / 100)] ?? OTHER;
}
