import { logsOfJson } from '../../viewer/receiver/json-decoder.js';
import type { Json } from '../../viewer/receiver/json-fields.js';
import { anyValueOf, attributesOf } from '../../viewer/receiver/json-values.js';
import type { OtlpItem, OtlpLog } from '../../viewer/receiver/otlp-model.js';

/**
 * The entries in a JSON line: the line itself, or the log records of an OTLP export, which is what
 * collectors write into files.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export function entriesOf(json: object): readonly object[] {
  // An export has nothing else; a field of this name in any other line is a field.
  if (!Object.hasOwn(json, 'resourceLogs') || Object.keys(json).length > 1) return [json];
  try {
    return logsOfJson(json as Json).map(entryOf);
  } catch {
    // An entry that has a field of this name, and is no export.
    return [json];
  }
}

/** A log record under the names that it has in OTLP. */
function entryOf({ resource, data }: OtlpItem<OtlpLog>): object {
  const { time = data.observedTime, severityNumber, severityText, traceId, spanId } = data;
  const { body, eventName, attributes } = data;
  const message = body ?? eventName;
  return {
    ...(time !== undefined && { timeUnixNano: String(time) }),
    ...(severityNumber !== 0 && { severityNumber }),
    ...(severityText !== '' && { severityText }),
    ...(message !== '' && { body: message }),
    ...(body !== null && eventName !== '' && { eventName }),
    ...(traceId !== undefined && { traceId }),
    ...(spanId !== undefined && { spanId }),
    attributes: Object.fromEntries(attributes),
    resource: { attributes: Object.fromEntries(resource) },
  };
}

/** OTLP's list of keys and values as an object; `undefined` for any other list. */
export function plainAttributes(list: readonly unknown[]): Record<string, unknown> | undefined {
  try {
    return Object.fromEntries(attributesOf(list));
  } catch {
    // Some other logger's list.
    return undefined;
  }
}

/** The value in an `AnyValue` of OTLP; any other value is returned as it is. */
export function plainValue(value: unknown): unknown {
  try {
    return anyValueOf(value) ?? value;
  } catch {
    // Some other logger's object.
    return value;
  }
}
