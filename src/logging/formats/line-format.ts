import { format, type Logform } from 'winston';
import { answersProbe, notePresetFormat } from '../../options/preset-formats.js';
import type { CapturedEntry } from '../winston/captured-entry.js';
import { MESSAGE } from '../winston/winston-symbols.js';

const formats = new WeakSet<object>();

/**
 * Makes a format from a function that writes the whole line, ids included.
 *
 * @param hasPreset whether the line has the field names of a log backend.
 */
export function lineFormat(
  line: (entry: CapturedEntry) => string,
  hasPreset = false,
): Logform.Format {
  const write = (info: Logform.TransformableInfo): Logform.TransformableInfo => {
    info[MESSAGE] = line(info);
    return info;
  };
  const made = format(hasPreset ? (info) => (answersProbe(info) ? info : write(info)) : write)();
  if (hasPreset) notePresetFormat(made);
  formats.add(made);
  return made;
}

/** Whether a format writes the ids itself, so that the entry needs no fields for them. */
export function isSelfContained(candidate: object | undefined): boolean {
  return candidate !== undefined && formats.has(candidate);
}
