import { TracingConfigError } from '../records/tracing-config.error.js';
import { closestName } from './closest-name.js';
import { placesFor, type OptionPlace } from './option-places.js';
import { shownValue } from './shown-value.js';

/**
 * Checks options, and adds to an error what takes them.
 *
 * @param owner as a user writes it: `TracingModule.forRoot`, `traceJson`, …
 */
export function ownedBy<T>(owner: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof TracingConfigError)) throw error;
    throw new TracingConfigError(error.code, error.problem, error.fix, owner);
  }
}

/** Throws unless the value is an object that is not an array. */
export function checkRecord(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(name, value, 'an object');
}

/** Throws for a key that is not an option, and says which was probably meant, or where it belongs. */
export function checkKeys(place: OptionPlace, value: object): void {
  const { owner, path, names } = place;
  const prefix = path === '' ? '' : `${path}.`;
  for (const key of Object.keys(value)) {
    if (names.includes(key)) continue;
    const name = `${prefix}${key.slice(0, 60)}`;
    throw new TracingConfigError(
      'UNKNOWN_OPTION',
      `\`${name}\` is not an option.`,
      fixOfUnknown(place, prefix, key),
      owner,
    );
  }
}

function fixOfUnknown(place: OptionPlace, prefix: string, key: string): string {
  const { own, others } = placesFor(key, place);
  const meant = own.length > 0 ? undefined : meantName(key, place.names);
  if (meant !== undefined) return `did you mean \`${prefix}${meant}\`?`;
  const places = own.length > 0 ? own : others;
  if (places.length > 0) return `move it to ${places.join(' or ')}.`;
  const [only, more] = place.names;
  return more === undefined ? `use \`${prefix}${only}\`.` : `use one of ${place.names.join(', ')}.`;
}

/** What OpenTelemetry and other libraries call an option. */
const NAME_ALIASES: Readonly<Record<string, string>> = { endpoint: 'url', serviceName: 'service' };

function meantName(key: string, names: readonly string[]): string | undefined {
  const alias = Object.hasOwn(NAME_ALIASES, key) ? NAME_ALIASES[key] : undefined;
  return alias !== undefined && names.includes(alias) ? alias : closestName(key, names);
}

/**
 * Throws for a value that is not one of those that are allowed, and says which was probably meant.
 *
 * @param aliases what other libraries call the allowed values.
 */
export function checkOneOf(
  name: string,
  value: unknown,
  allowed: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): void {
  if (value === undefined || allowed.includes(value as string)) return;
  throw new TracingConfigError(
    `INVALID_${name.replace(/[^a-zA-Z]+|(?=[A-Z])/g, '_').toUpperCase()}`,
    `\`${name}\` is ${shownValue(name, value)}.`,
    fixOfChoice(value, allowed, aliases),
  );
}

/** The fix for a value that is not one of those that are allowed. */
export function fixOfChoice(
  value: unknown,
  allowed: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): string {
  const options = allowed.map((option) => `"${option}"`);
  const last = options.pop()!;
  const use = options.length === 0 ? last : `${options.join(', ')} or ${last}`;
  const meant =
    typeof value === 'string'
      ? ((Object.hasOwn(aliases, value) ? aliases[value] : undefined) ??
        closestName(value, allowed))
      : undefined;
  return meant === undefined ? `use ${use}.` : `did you mean "${meant}"? Use ${use}.`;
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

/** The error for a value of the wrong type or out of range. */
export function invalid(name: string, value: unknown, expected: string): TracingConfigError {
  return new TracingConfigError(
    'INVALID_OPTION',
    `\`${name}\` is ${shownValue(name, value)}.`,
    `make it ${expected}.`,
  );
}
