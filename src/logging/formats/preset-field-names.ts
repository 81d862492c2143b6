import type { PresetField, PresetName } from '../../records/field.js';
import {
  accessLogField,
  ACCESS_LOG_FIELD_NAMES,
  isOutcome,
  type AccessLogField,
  type Outcome,
} from '../../records/fields.js';
import { readProperty } from '../../records/json-value.js';
import { queryText } from '../../records/query-text.js';
import { redactedField, type Redaction } from '../../records/redaction.js';

/** What a backend calls the fields of the access log line. */
export interface PresetAccessLog {
  /** The fields that {@link fieldsOf} writes under another name. */
  readonly replaced: ReadonlySet<string>;
  readonly fieldsOf: (entry: object, redaction: Redaction) => Readonly<Record<string, unknown>>;
}

interface RenamedField extends PresetField {
  readonly field: AccessLogField;
}

const NANOSECONDS_PER_MS = 1e6;
const MS_PER_S = 1000;

/** @see https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-outcome */
const ECS_OUTCOMES: Readonly<Record<Outcome, string>> = {
  completed: 'success',
  errored: 'failure',
  aborted: 'unknown',
};

const CONVERSIONS: Readonly<Record<NonNullable<PresetField['as']>, (value: unknown) => unknown>> = {
  nanoseconds: (ms) => Math.round(Number(ms) * NANOSECONDS_PER_MS),
  // As protobuf's JSON has a duration.
  'seconds text': (ms) => `${(Number(ms) / MS_PER_S).toFixed(6)}s`,
  'ecs outcome': (outcome) => (isOutcome(outcome) ? ECS_OUTCOMES[outcome] : undefined),
  'query text': queryText,
};

/** Makes the renaming of the access log line's fields for a backend, from the table of fields. */
export function presetAccessLog(preset: PresetName): PresetAccessLog {
  const renamed = ACCESS_LOG_FIELD_NAMES.flatMap((field) => renamedField(field, preset) ?? []);
  const isNested = preset === 'gcp';
  return {
    replaced: new Set(renamed.filter(({ beside }) => !beside).map(({ field }) => field)),
    fieldsOf: isNested
      ? (entry, redaction) => nestedFields(entry, renamed, redaction)
      : (entry, redaction) =>
          Object.fromEntries(renamed.map((row) => [row.name, valueOf(entry, row, redaction)])),
  };
}

function renamedField(field: AccessLogField, preset: PresetName): RenamedField | undefined {
  const given = accessLogField(field).presets?.[preset];
  if (given === undefined) return undefined;
  return { field, ...(typeof given === 'string' ? { name: given } : given) };
}

function valueOf(entry: object, { field, as }: RenamedField, redaction: Redaction): unknown {
  const value = readProperty(entry, field);
  const shown = redactedField(redaction, [field], value);
  return as === undefined || shown === undefined || shown !== value
    ? shown
    : CONVERSIONS[as](value);
}

/** `object.name` becomes a field of an object, which is there if the line has a field of its own. */
function nestedFields(
  entry: object,
  renamed: readonly RenamedField[],
  redaction: Redaction,
): Record<string, unknown> {
  const fields: Record<string, Record<string, unknown>> = {};
  const isThere = renamed.some(
    ({ field, beside }) => !beside && readProperty(entry, field) !== undefined,
  );
  if (!isThere) return fields;
  for (const row of renamed) {
    const [object = '', name = ''] = row.name.split('.');
    fields[object] = { ...fields[object], [name]: valueOf(entry, row, redaction) };
  }
  return fields;
}
