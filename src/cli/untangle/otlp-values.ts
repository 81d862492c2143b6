const SIMPLE = new Set(['stringValue', 'boolValue', 'intValue', 'doubleValue', 'bytesValue']);
const MAX_DEPTH = 16;

/**
 * What a value of OTLP holds, whatever its type; any other value is itself.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function otlpValue(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  const [name = '', held] = Object.entries(value)[0] ?? [];
  if (SIMPLE.has(name)) return held as unknown;
  const { values } = Object(held) as { values?: unknown };
  if (!Array.isArray(values)) return value;
  if (name === 'kvlistValue') return otlpAttributes(values, depth + 1);
  if (name === 'arrayValue') return values.map((item) => otlpValue(item, depth + 1));
  return value;
}

/** OTLP's list of keys and values as an object. */
export function otlpAttributes(list: readonly unknown[], depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    list.map((item) => {
      const { key, value } = Object(item) as { key?: unknown; value?: unknown };
      return [String(key), otlpValue(value, depth)];
    }),
  );
}
