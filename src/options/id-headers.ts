import { CLOUD_HEADERS, isCloudHeader } from '../trace/cloud-headers.js';
import type { IdHeader } from '../trace/trace-policy.js';
import type { IdSource, TracingModuleOptions } from './tracing-options.js';

/** These are on every call in any case, or are needed by more than the ids that are made of them. */
const NOT_REPLACED: ReadonlySet<string> = new Set([
  'traceparent',
  'tracestate',
  'baggage',
  'x-request-id',
  'x-session-id',
  'authorization',
  'proxy-authorization',
  'cookie',
  'mcp-session-id',
  'host',
  'origin',
  'user-agent',
]);

/** The headers of the options that ids are taken from, and that a proxy may copy. */
export function idHeaders({
  requestId,
  traceId,
  session,
}: TracingModuleOptions): readonly IdHeader[] {
  const ofTrace = typeof traceId === 'object' ? traceId.sources : undefined;
  return [
    ...named(ofTrace ?? CLOUD_HEADERS, 'traceId'),
    ...named(requestId?.sources ?? [], 'requestId'),
    ...named(session?.sources ?? ['x-correlation-id'], 'sessionId'),
  ];
}

function named(sources: readonly IdSource[], id: NonNullable<IdHeader['id']>): IdHeader[] {
  return sources.flatMap((source) => {
    if (typeof source !== 'string') return [];
    const name = source.toLowerCase();
    if (NOT_REPLACED.has(name)) return [];
    return { name, id: id === 'traceId' && isCloudHeader(name) ? undefined : id };
  });
}
