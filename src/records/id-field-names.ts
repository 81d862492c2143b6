/**
 * Every name under which an id is written, by the standard names and by all presets. A dot may also
 * be a level of nested objects. An entry's own field never has one of these names, whatever the
 * preset of its line: the reader of another preset would take it for an id.
 *
 * @see the `ids` of the presets in `logging/formats/presets.ts`; a test compares the two
 */
export const ID_FIELD_NAMES: readonly string[] = [
  'trace_id',
  'request_id',
  'session_id',
  'span_id',
  // otel
  'trace_flags',
  // ecs
  'trace.id',
  'transaction.id',
  'span.id',
  'http.request.id',
  'labels.session_id',
  // gcp
  'logging.googleapis.com/trace',
  'logging.googleapis.com/spanId',
  'logging.googleapis.com/trace_sampled',
  // datadog
  'dd.trace_id',
  'dd.span_id',
];

const IDS: ReadonlySet<string> = new Set(ID_FIELD_NAMES);

/** `trace`, `http`, `http.request`, …: what an object holds a nested id under. */
const ROOTS: ReadonlySet<string> = new Set(ID_FIELD_NAMES.flatMap((name) => rootsOf(name)));

function rootsOf(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
}

/** Whether a field of this name would be read as an id. */
export function isIdName(name: string): boolean {
  return IDS.has(name);
}

/** Whether an object under this name may hold what would be read as an id: `trace: { id }`. */
export function isIdRoot(name: string): boolean {
  return ROOTS.has(name);
}

/** Whether a plain value under a name holds what would be read as an id, at any depth. */
export function holdsId(name: string, value: unknown): boolean {
  if (IDS.has(name)) return true;
  if (!ROOTS.has(name) || typeof value !== 'object' || value === null || Array.isArray(value)) {
    return false;
  }
  return Object.entries(value).some(([key, inner]) => holdsId(`${name}.${key}`, inner));
}
