const MS_PER_SECOND = 1000;

/**
 * Creates a function that formats the time of an entry. The text up to the second is cached,
 * because a server logs many lines in the same second.
 */
function perSecond(
  prefixOf: (ms: number) => string,
  suffixOf: (millis: number) => string,
): (ms: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (ms) => {
    const current = Math.floor(ms / MS_PER_SECOND);
    if (current !== second) {
      prefix = prefixOf(ms);
      second = current;
    }
    return prefix + suffixOf(ms - current * MS_PER_SECOND);
  };
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}

/** How a time in a second ends, made once: to pad a number takes longer than the rest of the time. */
const ENDINGS = Array.from({ length: MS_PER_SECOND }, (_, millis) => `${pad(millis, 3)}Z`);

/** ISO 8601 in UTC with milliseconds, such as `2024-01-15T10:30:15.042Z`. */
export const isoTimestamp = perSecond(
  (ms) => new Date(ms).toISOString().slice(0, 20),
  (millis) => ENDINGS[millis] ?? `${pad(millis, 3)}Z`,
);

/** Readable local time, such as `2024-01-15 10:30:15`. */
export const localTimestamp = perSecond(
  (ms) => {
    const date = new Date(ms);
    const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  },
  () => '',
);
