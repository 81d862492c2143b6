import type { Session } from '../../store/viewed-records.js';

/** The class that gives a session's colour to what is inside; the styles know it as `--session`. */
export function sessionClass(session: Session | undefined): string {
  return session === undefined ? 'session-none' : `session-${session.color}`;
}
