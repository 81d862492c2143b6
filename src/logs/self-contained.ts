import type { Logform } from 'winston';

const formats = new WeakSet<object>();

/** Notes that a format writes the ids itself. */
export function markSelfContained(format: Logform.Format): Logform.Format {
  formats.add(format);
  return format;
}

/** Whether a format writes the ids itself, so that they need not stand on the entry. */
export function isSelfContained(format: object | undefined): boolean {
  return format !== undefined && formats.has(format);
}
