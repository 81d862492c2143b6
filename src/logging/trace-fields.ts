import { currentScope } from '../context/active-trace.js';
import type { PresetName } from '../records/field.js';
import { isIdName } from '../records/id-field-names.js';
import { limitsOf } from './winston/logger-limits.js';
import { spelledOut } from './winston/spelled-out.js';
import { idFields, presetOf } from './formats/presets.js';

/** What {@link traceFields} takes. */
export interface TraceFieldsOptions {
  /** The field names of a log backend. Default: `trace_id`, `request_id`, `session_id`, `span_id`. */
  preset?: PresetName | undefined;
}

const standard = presetOf(undefined);

/**
 * The ids of the running code, and the fields of `TraceContext.set`, under the names that they have
 * in the log. It needs no dependency injection: for a logger that writes past NestJS, such as pino,
 * morgan or the logger of an ORM.
 *
 * Returns a new object, which is empty outside a context. Values are redacted and limited, as in a line.
 *
 * @publicApi
 *
 * @example
 * const logger = pino({ mixin: () => traceFields() });
 *
 * @example
 * morgan.token('request-id', () => String(traceFields()['request_id']));
 *
 * @example
 * prisma.$on('query', ({ query, duration }) => audit.write({ query, duration, ...traceFields() }));
 */
export function traceFields(options?: TraceFieldsOptions): Record<string, unknown> {
  const scope = currentScope();
  if (scope === undefined) return {};
  const preset = options?.preset === undefined ? standard : presetOf(options.preset);
  const fields: Record<string, unknown> = idFields(preset, scope);
  const added = scope.fields;
  if (added === undefined) return fields;
  const limits = limitsOf(scope.trace.application);
  for (const key of Object.keys(added)) {
    // A field never replaces an id, of any preset.
    if (key === '__proto__' || isIdName(key) || Object.hasOwn(fields, key)) continue;
    const value = added[key];
    fields[key] = limits.redaction.hides(key, value)
      ? limits.redaction.replacement(value, [key])
      : spelledOut(value, limits);
  }
  return fields;
}
