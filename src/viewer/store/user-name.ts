import type { ViewRequest } from '../view-records.js';

/** In characters. */
const MAX_NAME = 64;

/** The user for whom a request is, as the application says with the field `user`. */
export function userOf(fields: ViewRequest['fields']): string | undefined {
  const user = fields !== undefined && Object.hasOwn(fields, 'user') ? fields['user'] : undefined;
  if (typeof user !== 'string' && typeof user !== 'number') return undefined;
  const name = String(user).trim();
  if (name.length > MAX_NAME) return `${name.slice(0, MAX_NAME - 1)}…`;
  return name === '' ? undefined : name;
}
