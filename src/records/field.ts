/** The log backends for which a preset of field names exists. */
export type PresetName = 'otel' | 'ecs' | 'gcp' | 'datadog';

export const PRESET_NAMES: readonly PresetName[] = ['otel', 'ecs', 'gcp', 'datadog'];

/** The name of a field in a preset, and how its value is written there. */
export interface PresetField {
  /** The name. In `gcp`, a dot separates the levels of nested objects. */
  readonly name: string;
  /** The format of the value. Default: unchanged. */
  readonly as?: 'nanoseconds' | 'seconds text' | 'ecs outcome' | 'query text';
  /** Whether the line also keeps the field under its own name. Default: `false`. */
  readonly beside?: true;
}

/** One field of the access log line. */
export interface Field<T = unknown> {
  readonly type: 'string' | 'number' | 'error' | 'steps' | 'list' | 'record';
  /** `ms` for milliseconds, `count` for a number of items. */
  readonly unit?: 'ms' | 'count';
  /**
   * How the text format shows the field: `phrase` in the phrase after the message, `end of phrase`
   * as its last word, `silent` not at all, `block` on separate lines. Default: as `name=value`.
   */
  readonly text?: 'phrase' | 'end of phrase' | 'silent' | 'block';
  /** Text directly after the value in the phrase, such as a unit. */
  readonly suffix?: string;
  /** The readable name in the details of the trace viewer. Default: not shown there separately. */
  readonly label?: string;
  /** Whether it is part of the title in the viewer: `POST /api/payment`, `bullmq ledger book`. */
  readonly inTitle?: true;
  /** The names in the presets. Default: its own name. */
  readonly presets?: Readonly<Partial<Record<PresetName, string | PresetField>>>;
  /** The span attribute with the same value, as named by OpenTelemetry's semantic conventions. */
  readonly attribute?: string;
  /** Other names of the field in the access log lines of other loggers. */
  readonly aliases?: readonly string[];
  /** Whether units of work set it: messages, jobs and runs. */
  readonly ofWork?: true;
  /** The type of its values. Only for the type checker: never set at run time. */
  readonly valueType?: T;
}

type Row = Omit<Field, 'type' | 'valueType'>;

/** What the type of a row says besides the type of its values. */
type Marks<R> = R extends { readonly ofWork: true } ? { readonly ofWork: true } : unknown;

/** A row of a text field. */
export function text<const R extends Row>(row: R): Field<string> & Marks<R> {
  return { type: 'string', ...row } as Field<string> & Marks<R>;
}

/** A row of a numeric field. */
export function number<const R extends Row>(row: R): Field<number> & Marks<R> {
  return { type: 'number', ...row } as Field<number> & Marks<R>;
}
