const RELATIVE = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const EPOCH_MS = /^\d{12,14}$/;
const ISO =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The forms that {@link parseTime} takes, for the help and for error messages. */
export const TIME_FORMS = '5m, 2h, 1d, 10:30, 2024-01-15T10:30:00Z';

/**
 * A time that was given on the command line, in milliseconds since the Unix epoch: so long before
 * `nowMs` (`90s`, `5m`, `2h`, `1d`), a time of today (`10:30`, `10:30:15`), ISO 8601, or
 * milliseconds since the epoch. A time without a zone is local. `undefined` for any other text.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const relative = RELATIVE.exec(text);
  if (relative !== null) return nowMs - Number(relative[1]) * UNIT_MS[relative[2]!]!;
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    const [, hours, minutes, seconds = '0'] = clock;
    return new Date(nowMs).setHours(Number(hours), Number(minutes), Number(seconds), 0);
  }
  if (EPOCH_MS.test(text)) return Number(text);
  if (!ISO.test(text)) return undefined;
  // ECMAScript reads a date without a time as UTC, and one with a time as local.
  const ms = Date.parse(text.length === '2024-01-15'.length ? `${text}T00:00` : isoText(text));
  return Number.isNaN(ms) ? undefined : ms;
}

/** As ECMAScript defines it: with `T`, and a colon in the offset. */
function isoText(text: string): string {
  return text.replace(' ', 'T').replace(/([+-]\d{2})(\d{2})$/, '$1:$2');
}
