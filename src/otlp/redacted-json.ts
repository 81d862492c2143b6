import { jsonValue } from '../records/json-value.js';
import { namesSecret } from '../records/secret-names.js';

/** What is exported instead of a secret. */
export const REDACTED = '[redacted]';

const BACKSLASH = 92;

/**
 * Formats a value as JSON, with the values of all names that name a secret replaced, at any depth.
 * It looks at the JSON and not at the value, so what a `toJSON` or a getter returns is covered too.
 */
export function redactedJson(value: unknown): string | undefined {
  const json = jsonValue(value);
  if (json === undefined || !holdsSecret(json)) return json;
  return JSON.stringify(JSON.parse(json, redact));
}

function redact(name: string, value: unknown): unknown {
  return value !== null && namesSecret(name) ? REDACTED : value;
}

/** Whether JSON has a name that names a secret. Most has none, and need not be parsed. */
function holdsSecret(json: string): boolean {
  for (let start = json.indexOf('"'); start !== -1;) {
    const end = endOfString(json, start);
    if (end === -1) return false;
    if (json[end + 1] === ':' && namesSecret(json.slice(start + 1, end))) return true;
    start = json.indexOf('"', end + 1);
  }
  return false;
}

/** The quote that ends the string that starts here. Not a regular expression: they may overflow. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

function isEscaped(json: string, quote: number): boolean {
  let before = quote;
  while (json.charCodeAt(before - 1) === BACKSLASH) before--;
  return (quote - before) % 2 === 1;
}
