import type { Trace } from '../trace/trace.js';

/** What a warning says it is about: a name from the application's code, never a path. */
export function routeOf({ metadata, kind }: Trace): string {
  const { route, method, handler, work, transport } = metadata;
  if (kind === 'request') return `${method ?? ''} ${route ?? handler ?? 'no route'}`.trim();
  return handler ?? work?.queue ?? work?.pattern ?? work?.job ?? transport;
}
