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
export function traceReader({ traceId, session }: ResolvedTracingOptions): TraceReader {
  const { sources = CLOUD_HEADERS, validate } = traceId;
  const readers = sources.map((source) => traceSource(source, validate, session.key));
  return (request, carrier) => {
    for (let i = 0; i < readers.length; i++) {
      if (readers[i]!(request, carrier)) return true;
    }
    return false;
  };
}

function traceSource(
  source: IdSource,
  validate: (value: string) => boolean,
  key: string | undefined,
): TraceReader {
  const name = typeof source === 'string' ? source.toLowerCase() : '';
  if (isCloudHeader(name)) {
    return ({ headers }, carrier) => adoptCloudHeader(carrier, name, headers, headerOf);
  }
  const digest = digestOfSource(source, key);
  const read = digest ?? readerOfSource(source);
  return (request, carrier) => {
    const value = read(request);
    if (typeof value !== 'string' || (digest === undefined && !validate(value))) return false;
    carrier.traceId = value;
    return true;
  };
}

function headerOf(headers: IncomingHttpHeaders, name: string): unknown {
  return headers[name];
}

/** Where a session is named, in this order. */
const NAMED_SESSIONS: readonly IdSource[] = [
  'x-session-id',
  'x-correlation-id',
  sessionIdOfQuery,
  'mcp-session-id',
];

/** Reads the request id. */
export function requestIdReader({ requestId, session }: ResolvedTracingOptions): IdReader {
  return readerOf(requestId, ['x-request-id'], session.key);
}

/** Reads the session id: the first valid one in this order. */
export function sessionIdReader({ session }: ResolvedTracingOptions): IdReader {
  return readerOf(session, [...NAMED_SESSIONS, 'authorization'], session.key);
}

/**
 * Reads the session of a client of MCP that has none, from what the client says of itself and its
 * bearer token. `undefined` where the request names a session, or the options say where one is named.
 */
export function clientSessionReader({
  session,
}: ResolvedTracingOptions): (request: IncomingMessage, client: string) => string | undefined {
  const readNamed = readerOf(session, NAMED_SESSIONS, session.key);
  return (request, client) => {
    if (session.sources !== undefined || readNamed(request) !== undefined) return undefined;
    const identity = JSON.stringify([client, bearerOf(request) ?? null]);
    return digestId('mcp_', identity, session.key);
  };
}

/**
 * Makes the reader of an id from the sources of the options, or from the default sources. Digests of
 * secrets are made here, so the validator is not applied to them.
 */
function readerOf(
  { sources, validate }: ResolvedIdOptions,
  defaults: readonly IdSource[],
  key: string | undefined,
): IdReader {
  const readers = (sources ?? defaults).map((source): IdReader => {
    const digest = digestOfSource(source, key);
    if (digest !== undefined) return digest;
    const read = readerOfSource(source);
    return (request) => {
      const value = read(request);
      return typeof value === 'string' && validate(value) ? value : undefined;
    };
  });
  return (request) => {
    for (const read of readers) {
      const value = read(request);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

/** For a header that is a credential, whatever the options use it for: its digest. */
function digestOfSource(source: IdSource, key: string | undefined): IdReader | undefined {
  const name = typeof source === 'string' ? source.toLowerCase() : '';
  if (name === 'mcp-session-id') return mcpDigest(key);
  return name === 'authorization' ? bearerDigest(key) : undefined;
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
 * The hash of an MCP client's session id. The id itself is a credential: a client that has it can
 * act in the session.
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
    const token = bearerOf(request);
    return token === undefined ? undefined : digestId('tok_', token, key);
  };
}

function bearerOf(request: IncomingMessage): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  const token = BEARER.exec(authorization)?.[1];
  return token === undefined || isRepeated(request, 'authorization') ? undefined : token;
}

function isRepeated({ rawHeaders }: IncomingMessage, name: string): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === name.length && rawHeaders[i]?.toLowerCase() === name) count++;
  }
  return count > 1;
}
