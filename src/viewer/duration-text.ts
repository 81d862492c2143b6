const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A duration with three significant digits, as in `0.42 ms`, `18.5 ms`, `185 ms`, `1.24 s`, `2 min 5 s`. */
export function durationText(ms: number): string {
  // A value that would be rounded up to the next unit is shown in that unit.
  if (ms < SECOND - 0.5) return `${rounded(ms)} ms`;
  if (ms < MINUTE - 50) return `${rounded(ms / SECOND)} s`;
  if (ms < HOUR - SECOND / 2) return twoUnits(ms / SECOND, 'min', 's');
  return twoUnits(ms / MINUTE, 'h', 'min');
}

function rounded(value: number): string {
  const decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return String(Number(value.toFixed(decimals)));
}

function twoUnits(value: number, large: string, small: string): string {
  const whole = Math.round(value);
  const rest = whole % 60;
  const text = `${Math.floor(whole / 60)} ${large}`;
  return rest === 0 ? text : `${text} ${rest} ${small}`;
}
