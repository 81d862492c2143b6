import type { RequestRecord } from '../records/request-record.js';

/** What a warning says it is about: a name from the application's code, never a path. */
export function routeOf({ metadata, kind }: RequestRecord): string {
  const { route, method, handler, work, transport } = metadata;
  if (kind === 'request') return `${method ?? ''} ${route ?? handler ?? 'no route'}`.trim();
  return handler ?? work?.queue ?? work?.pattern ?? work?.job ?? transport;
}
