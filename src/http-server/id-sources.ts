import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ResolvedIdOptions } from '../options/id-options.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import type { IdSource } from '../options/tracing-options.js';
import { adoptCloudHeader, CLOUD_HEADERS, isCloudHeader } from '../trace/cloud-headers.js';
import { digestId } from '../trace/ids.js';
import type { TraceCarrier } from '../trace/open-trace.js';
import { requestedUrl } from '../records/requested-url.js';

/** Reads one kind of id from a request; `undefined` where it has none. */
export type IdReader = (request: IncomingMessage) => string | undefined;

const BEARER = /^bearer +([\x21-\x7e]+)$/i;
const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;

/** Adds to a carrier what one source says of the trace. Returns whether it names one. */
type TraceReader = (request: IncomingMessage, carrier: TraceCarrier) => boolean;

/**
 * Reads what the sources of the options say of the trace, besides `traceparent`: the first valid one
 * in their order, which by default is that of the headers of clouds.
 */
export function traceReader({ traceId }: ResolvedTracingOptions): TraceReader {
  const { sources = CLOUD_HEADERS, validate } = traceId;
  const readers = sources.map((source) => traceSource(source, validate));
  return (request, carrier) => {
    for (let i = 0; i < readers.length; i++) {
      if (readers[i]!(request, carrier)) return true;
    }
    return false;
  };
}

function traceSource(source: IdSource, validate: (value: string) => boolean): TraceReader {
  const name = typeof source === 'string' ? source.toLowerCase() : '';
  if (isCloudHeader(name)) {
    return ({ headers }, carrier) => adoptCloudHeader(carrier, name, headers, headerOf);
  }
  const read = readerOfSource(source);
  return (request, carrier) => {
    const value = read(request);
    if (typeof value !== 'string' || !validate(value)) return false;
    carrier.traceId = value;
    return true;
  };
}

function headerOf(headers: IncomingHttpHeaders, name: string): unknown {
  return headers[name];
}

/** Reads the request id. */
export function requestIdReader({ requestId }: ResolvedTracingOptions): IdReader {
  return readerOf(requestId, ['x-request-id']);
}

/** Reads the session id: the first valid one in this order. */
export function sessionIdReader({ session }: ResolvedTracingOptions): IdReader {
  return readerOf(
    session,
    ['x-session-id', 'x-correlation-id', sessionIdOfQuery, 'mcp-session-id'],
    [mcpDigest(session.key), bearerDigest(session.key)],
  );
}

/**
 * Makes the reader of an id from the sources of the options, or from the default sources. Digests
 * are tried after the defaults. They are made here, so the validator is not applied to them.
 */
function readerOf(
  { sources, validate }: ResolvedIdOptions,
  defaults: readonly IdSource[],
  digests: readonly IdReader[] = [],
): IdReader {
  const readers = (sources ?? defaults).map(readerOfSource);
  const makers = sources === undefined ? digests : [];
  return (request) => {
    for (const read of readers) {
      const value = read(request);
      if (typeof value === 'string' && validate(value)) return value;
    }
    for (const make of makers) {
      const value = make(request);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function readerOfSource(source: IdSource): IdReader {
  if (typeof source !== 'string') return source;
  const name = source.toLowerCase();
  return (request) => {
    const value = request.headers[name];
    if (typeof value !== 'string') return undefined;
    // Node joins repeated headers with a comma. The default rule allows no comma in an id, but a
    // validator of the user might.
    return value.includes(',') && isRepeated(request, name) ? undefined : value;
  };
}

/** `session_id` of the query, if the query has it exactly once. */
function sessionIdOfQuery(request: IncomingMessage): string | undefined {
  const url = requestedUrl(request);
  const queryAt = url.indexOf('?');
  // Nearly no request has one; do not parse a query to find that out.
  if (queryAt === -1 || !url.includes('session_id=', queryAt)) return undefined;
  const values = new URLSearchParams(url.slice(queryAt + 1)).getAll('session_id');
  return values.length === 1 ? values[0] : undefined;
}

/**
 * The hash of an MCP client's session id. The id itself may contain any visible ASCII character, and
 * is therefore not logged.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
 */
function mcpDigest(key: string | undefined): IdReader {
  return ({ headers }) => {
    const value = headers['mcp-session-id'];
    if (typeof value !== 'string' || !VISIBLE_ASCII.test(value)) return undefined;
    return digestId('mcp_', value, key);
  };
}

/** The hash of a bearer token. The token itself is a secret and never used as an id. */
function bearerDigest(key: string | undefined): IdReader {
  return (request) => {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || isRepeated(request, 'authorization')) return undefined;
    return digestId('tok_', token, key);
  };
}

function isRepeated({ rawHeaders }: IncomingMessage, name: string): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === name.length && rawHeaders[i]?.toLowerCase() === name) count++;
  }
  return count > 1;
}
