import type { Application } from '../../records/application.js';
import { sharedState } from '../../records/shared-state.js';

/** A logger that several applications have been given. */
const SHARED = null;

const owners = sharedState(
  'logger-owners',
  () => new WeakMap<object, Application | typeof SHARED>(),
);

/** Notes that an application logs with this logger. */
export function assignLogger(logger: object, application: Application): void {
  const owner = owners.get(logger);
  owners.set(logger, owner === undefined || owner === application ? application : SHARED);
}

/** The application that a logger belongs to; `undefined` if it is shared, or was given to none. */
export function applicationOfLogger(logger: object): Application | undefined {
  return owners.get(logger) ?? undefined;
}
