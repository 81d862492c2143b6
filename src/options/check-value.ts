import { TracingConfigError } from '../records/tracing-config.error.js';

/** Throws unless the value is an object that is not an array. */
export function checkRecord(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(name, value, 'an object');
}

/** Throws for a key that is not an option, and names the option that was probably meant. */
export function checkKeys(prefix: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const meant = known.find((name) => name.toLowerCase() === key.toLowerCase());
    throw new TracingConfigError(
      'UNKNOWN_OPTION',
      `\`${prefix}${key}\` is not an option.`,
      meant === undefined ? `use one of ${known.join(', ')}.` : `write \`${prefix}${meant}\`.`,
    );
  }
}

export function checkOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  // The value is shown only here, and only if it is a word: it may be a misplaced secret.
  const shown =
    typeof value === 'string' && /^\w{1,20}$/.test(value) ? `"${value}"` : describe(value);
  throw new TracingConfigError(
    `INVALID_${name.replace(/[^a-z]+/gi, '_').toUpperCase()}`,
    `\`${name}\` is ${shown}.`,
    `use ${allowed.map((option) => `"${option}"`).join(' or ')}.`,
  );
}

export function checkString(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return;
  throw invalid(name, value, 'a non-empty string');
}

export function checkBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw invalid(name, value, '`true` or `false`');
}

export function checkMilliseconds(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return;
  throw invalid(name, value, 'a number of milliseconds, 0 or more');
}

/** Throws unless the value is a function or of the one other type that is allowed. */
export function checkFunctionOr(
  name: string,
  value: unknown,
  other?: 'boolean' | 'string' | 'array',
): void {
  if (value === undefined || typeof value === 'function') return;
  if (other === 'array' ? Array.isArray(value) : typeof value === other) return;
  throw invalid(
    name,
    value,
    other === undefined ? 'a function' : `a function or ${article(other)}`,
  );
}

function article(type: string): string {
  return type === 'array' ? 'an array' : `a ${type}`;
}

/** The error for a value of the wrong type. */
export function invalid(name: string, value: unknown, expected: string): TracingConfigError {
  return new TracingConfigError(
    'INVALID_OPTION',
    `\`${name}\` is ${describe(value)}.`,
    `make it ${expected}.`,
  );
}

/** Describes a value without showing it, since it may be a secret. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return `\`${String(value)}\``;
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
