/** The label value for all values beyond the limit, and for unknown ones. */
const OTHER = '_OTHER';

/** The maximum number of values of one label. */
const MAX_LABEL_VALUES = 500;

/**
 * Limits the cardinality of a label: the first values are kept up to the limit, and all others
 * become `_OTHER`. A caller must not be able to create an unlimited number of series.
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
