import { format, type Logform } from 'winston';
import { answersProbe, notePresetFormat } from '../../options/preset-formats.js';
import { applyArguments } from '../winston/call-arguments.js';
import { LINE_LIMITS, type CapturedEntry } from '../winston/captured-entry.js';
import { completeLimits } from '../../options/redact-options.js';
import type { LineLimits } from '../../records/line-limits.js';
import { MESSAGE, SPLAT } from '../winston/winston-symbols.js';
import type { Preset } from './presets.js';

/** How a format that writes whole lines would write the fields of an entry. */
export interface FieldsOfFormat {
  /** The names of the fields. */
  readonly preset: Preset;
  /** The whole entry as one line of JSON. */
  readonly json: (entry: CapturedEntry) => string;
  /** Whether the format's own line is that JSON. */
  readonly isLine: boolean;
}

const formats = new WeakMap<object, FieldsOfFormat>();

/**
 * Makes a format from a function that writes the whole line, ids included.
 *
 * @param hasPreset whether the line has the field names of a log backend.
 * @param own limits that the options of the logger's application do not change.
 */
export function lineFormat(
  line: (entry: CapturedEntry) => string,
  fields: FieldsOfFormat,
  hasPreset = false,
  own: Partial<LineLimits> = {},
): Logform.Format {
  const write = (info: Logform.TransformableInfo): Logform.TransformableInfo => {
    if (info[SPLAT] !== undefined) applyArguments(info, completeLimits(own, limitsOn(info)));
    info[MESSAGE] = line(info);
    return info;
  };
  const made = format(hasPreset ? (info) => (answersProbe(info) ? info : write(info)) : write)();
  if (hasPreset) notePresetFormat(made);
  formats.set(made, fields);
  return made;
}

function limitsOn(entry: CapturedEntry): LineLimits | undefined {
  return entry[LINE_LIMITS];
}

/** Whether a format writes the ids itself, so that the entry needs no fields for them. */
export function isSelfContained(candidate: object | undefined): boolean {
  return candidate !== undefined && formats.has(candidate);
}

/** The fields of a format that writes whole lines; `undefined` for any other format. */
export function fieldsOfFormat(candidate: object | undefined): FieldsOfFormat | undefined {
  return candidate === undefined ? undefined : formats.get(candidate);
}

/** Notes that a format writes what another one does. */
export function sameFields(wrapper: object, format: object): void {
  const fields = formats.get(format);
  if (fields !== undefined) formats.set(wrapper, fields);
}
