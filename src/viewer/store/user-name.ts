import type { ViewRequest } from '../view-records.js';

/** In characters. */
const MAX_NAME = 64;

/** The user for whom a request is, as the application says with the field `user`, which may have a `name`. */
export function userOf(fields: ViewRequest['fields']): string | undefined {
  const field = own(fields, 'user');
  const user = own(field, 'name') ?? field;
  if (typeof user !== 'string' && typeof user !== 'number') return undefined;
  const name = String(user).trim();
  if (name.length > MAX_NAME) return `${name.slice(0, MAX_NAME - 1)}…`;
  return name === '' ? undefined : name;
}

function own(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null;
  return isObject && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
