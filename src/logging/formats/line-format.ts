import { format, type Logform } from 'winston';
import type { CapturedEntry } from '../winston/captured-entry.js';
import { MESSAGE } from '../winston/winston-symbols.js';

const formats = new WeakSet<object>();

/** Makes a format from a function that writes the whole line, ids included. */
export function lineFormat(line: (entry: CapturedEntry) => string): Logform.Format {
  const made = format((info) => {
    info[MESSAGE] = line(info);
    return info;
  })();
  formats.add(made);
  return made;
}

/** Whether a format writes the ids itself, so that the entry needs no fields for them. */
export function isSelfContained(candidate: object | undefined): boolean {
  return candidate !== undefined && formats.has(candidate);
}
