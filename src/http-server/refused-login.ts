import { withoutCredentials } from '../records/credentials-in-text.js';
import { isError, readProperty } from '../records/error-fields.js';
import { statusOf } from '../trace/thrown.js';

/** The statuses of a request whose caller is not known. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([401, 403]);
/** How many strategies of one guard are shown. */
const MAX_STRATEGIES = 5;
const MAX_TEXT = 200;
const MAX_READ = 2000;

/**
 * Why passport has refused a request, such as `TokenExpiredError: jwt expired`. A guard of
 * `@nestjs/passport` throws an `UnauthorizedException` that does not say so, and leaves the reason of
 * its strategy, or a list of those of several, in `request.authInfo`. `undefined` for other errors,
 * and where the caller is known: then `authInfo` is what a strategy tells of that user.
 *
 * @param request the platform's own.
 * @see https://docs.nestjs.com/recipes/passport#extending-guards
 */
export function reasonOfRefusal(exception: unknown, request: unknown): unknown {
  if (typeof request !== 'object' || request === null || !('authInfo' in request)) return undefined;
  if (!REFUSALS.has(statusOf(exception)) || isKnown(readProperty(request, 'user'))) {
    return undefined;
  }
  const given = readProperty(request, 'authInfo');
  if (!Array.isArray(given)) return shownReason(given);
  const reasons = given
    .slice(0, MAX_STRATEGIES)
    .map((reason: unknown) => shownReason(reason))
    .filter((reason) => reason !== undefined);
  return reasons.length > 1 ? reasons : reasons[0];
}

function isKnown(user: unknown): boolean {
  return user !== undefined && user !== null && user !== false;
}

/** Its name and message. Its stack only has frames of packages, and what else it has is not for a log. */
function shownReason(reason: unknown): unknown {
  if (typeof reason === 'string') return reason === '' ? undefined : shownText(reason);
  if (typeof reason !== 'object' || reason === null) return undefined;
  const message = readProperty(reason, 'message');
  if (typeof message !== 'string' || message === '') return undefined;
  const name = isError(reason) ? readProperty(reason, 'name') : undefined;
  return { ...(typeof name === 'string' && { name }), message: shownText(message) };
}

function shownText(text: string): string {
  // Masked first: half of a credential has another form.
  return withoutCredentials(text.slice(0, MAX_READ)).slice(0, MAX_TEXT);
}
