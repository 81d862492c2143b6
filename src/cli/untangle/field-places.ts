import { LOG_FIELD_NAMES, ACCESS_LOG_NAMES, type FieldMeaning } from './log-field-names.js';

/** Where in a line a field is: in an object of the line, or in the attributes of OpenTelemetry. */
export type Where = 'top' | 'object' | 'attributes' | 'resource';

/** The names of fields by their meaning. */
export type FieldNames = Readonly<Partial<Record<FieldMeaning, readonly string[]>>>;

/** What a name means. */
export interface Place {
  readonly name: string;
  readonly meaning: FieldMeaning;
  /** The number of the meaning. */
  readonly index: number;
  /** The position of the name among those with its meaning. */
  readonly rank: number;
  /** Whether the name has this meaning only on an access log line. */
  readonly isBare: boolean;
  /** The only place where the name has this meaning; `undefined` for any. */
  readonly where: Where | undefined;
}

/** What all names of a dialect mean. */
export interface Places {
  readonly byName: ReadonlyMap<string, Place>;
  /** The names of objects that have fields with a known meaning inside. */
  readonly objects: ReadonlySet<string>;
}

/**
 * How the writer of a line names what it writes itself. A field that a call adds under another
 * logger's name for the same thing is a field like any other.
 */
export interface Dialect extends Places {
  /**
   * Which of several ids with one meaning counts: the first in the line, because loggers write what
   * is bound to them before what a call adds, or the one with the better known name.
   */
  readonly prefers: 'first' | 'known name';
  /** Whether the fields inside `attributes` and `resource` are those of the line. */
  readonly hasAttributes?: true;
  /** Whether a trace id without a span id may be a field of one call, and not the logger's. */
  readonly hasLooseTrace?: true;
}

/** The number of each meaning. */
export const INDEXES: ReadonlyMap<FieldMeaning, number> = new Map(
  [...new Set([...Object.keys(LOG_FIELD_NAMES), ...Object.keys(ACCESS_LOG_NAMES)])].map(
    (meaning, index) => [meaning as FieldMeaning, index],
  ),
);

/**
 * Places for a dialect: the meanings in `names` are read from these names alone, in the given
 * places, and all others from every name that any logger uses.
 */
export function placesOf(names: FieldNames, where: (name: string) => Where | undefined): Places {
  const byName = new Map<string, Place>();
  const objects = new Set<string>();
  const add = (given: FieldNames, isBare: boolean, isOwn: boolean): void => {
    for (const [key, list = []] of Object.entries(given)) {
      const meaning = key as FieldMeaning;
      if (!isOwn && Object.hasOwn(names, meaning)) continue;
      for (const [rank, name] of list.entries()) {
        const index = INDEXES.get(meaning)!;
        const only = isOwn ? where(name) : undefined;
        byName.set(name, { name, meaning, index, rank, isBare, where: only });
        for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
          objects.add(name.slice(0, dot));
        }
      }
    }
  };
  add(LOG_FIELD_NAMES, false, false);
  add(ACCESS_LOG_NAMES, true, false);
  add(names, false, true);
  return { byName, objects };
}
