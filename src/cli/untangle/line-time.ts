const SECOND_LENGTH = '2024-01-15T10:30:15'.length;
const ISO_LENGTH = '2024-01-15T10:30:15.042Z'.length;
const MILLIS = /^\.\d{3}Z$/;
const DIGITS = /^\d{9,19}(?:\.\d+)?$/;

// The first instant that is too late for an epoch in seconds, milliseconds and microseconds: each
// about the year 5000.
const END_OF_SECONDS = 1e11;
const END_OF_MS = 1e14;
const END_OF_US = 1e17;

let cachedSecond = '';
let cachedMs = Number.NaN;

/**
 * When a line was written: milliseconds since the Unix epoch, from ISO 8601 or an epoch in seconds,
 * milliseconds, microseconds or nanoseconds. `undefined` for anything else.
 */
export function lineTime(value: unknown): number | undefined {
  if (typeof value === 'string') return DIGITS.test(value) ? epochMs(Number(value)) : isoMs(value);
  return typeof value === 'number' ? epochMs(value) : undefined;
}

function epochMs(value: number): number | undefined {
  if (!(value > 0)) return undefined;
  if (value < END_OF_SECONDS) return microseconds(value * 1e6);
  if (value < END_OF_MS) return value;
  return microseconds(value < END_OF_US ? value : value / 1e3);
}

/** Milliseconds to three decimals: a fraction of a binary number is not the one that was written. */
function microseconds(value: number): number {
  return Math.round(value) / 1e3;
}

/** A log has many lines in each second: only the first of them is parsed. */
function isoMs(text: string): number | undefined {
  if (text.length !== ISO_LENGTH) return parsed(text);
  const second = text.slice(0, SECOND_LENGTH);
  if (second !== cachedSecond) {
    cachedMs = Date.parse(`${second}Z`);
    cachedSecond = second;
  }
  const millis = text.slice(SECOND_LENGTH);
  return MILLIS.test(millis) && !Number.isNaN(cachedMs)
    ? cachedMs + Number(millis.slice(1, -1))
    : parsed(text);
}

function parsed(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
