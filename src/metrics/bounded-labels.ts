/** What stands for every value beyond the limit, and for what has no name. */
const OTHER = '_OTHER';

/** As many values as one label may have. */
const MAX_LABEL_VALUES = 500;

/**
 * Lets a label have a limited number of values: the first so many, and one for the rest. What a
 * caller can make up must not make series without end.
 *
 * @see https://prometheus.io/docs/practices/naming/#labels
 */
export function boundedLabel(limit = MAX_LABEL_VALUES): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= limit) return OTHER;
    known.add(value);
    return value;
  };
}

/** The methods that OpenTelemetry knows. */
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

/** A method that is known, or `_OTHER`. */
export function methodLabel(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : OTHER;
}
