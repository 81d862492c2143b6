import { quoteJson } from './control-characters.js';

/** What is reserved for saying that something was left out of an object or a list. */
export const MARK_BYTES = 48;
/** Beyond this, converting a number to decimal digits takes long. */
const HUGE = 2n ** 4096n;

/** Whether a text has at most this many bytes in UTF-8. */
export function fits(text: string | undefined, maxBytes: number): boolean {
  // A UTF-16 unit has at most three bytes.
  return text === undefined || text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;
}

/** The JSON of a value that is no object; `undefined` if it has none. */
export function simpleJson(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return quoteJson(value);
    case 'number':
      return numberText(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return isHuge(value) ? '"[BigInt]"' : `"${value}"`;
    case 'object':
      return 'null';
    default:
      return undefined;
  }
}

/** Beyond this, thousandths are not always whole numbers. */
const MAX_OF_THOUSANDTHS = 1e9;

/**
 * The digits of a number, as `String` has them. Durations are thousandths, which take V8 four times as
 * long as whole numbers: where a number is a thousandth exactly, its digits are those of a whole one.
 */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  const whole = Math.trunc(value);
  if (whole === value || value < 0 || value > MAX_OF_THOUSANDTHS) return String(value);
  const thousandths = Math.round(value * 1000);
  if (thousandths / 1000 !== value) return String(value);
  const rest = thousandths - whole * 1000;
  if (rest % 100 === 0) return `${whole}.${rest / 100}`;
  if (rest % 10 === 0) return rest < 100 ? `${whole}.0${rest / 10}` : `${whole}.${rest / 10}`;
  return rest < 10 ? `${whole}.00${rest}` : rest < 100 ? `${whole}.0${rest}` : `${whole}.${rest}`;
}

/** Whether converting a number to decimal digits takes long. */
export function isHuge(value: bigint): boolean {
  return value >= HUGE || value <= -HUGE;
}

/** The start of a text as JSON of at most this many bytes, which says how much is missing. */
export function cutText(text: string, maxBytes: number): string {
  const room = maxBytes - MARK_BYTES;
  let kept = Math.min(text.length, room);
  while (kept > 0) {
    if (isHighSurrogate(text.charCodeAt(kept - 1))) kept--;
    const json = quoteJson(`${text.slice(0, kept)}${moreCharacters(text.length - kept)}`);
    const bytes = Buffer.byteLength(json);
    if (bytes <= maxBytes) return json;
    kept = Math.min(kept - 1, Math.floor((kept * room) / bytes));
  }
  return '"…"';
}

/** What follows the start of a text that was cut. */
export function moreCharacters(count: number): string {
  return count > 0 ? `… [${count} more characters]` : '';
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
