import type { IncomingMessage } from 'node:http';
import type { ResolvedIdOptions } from '../options/resolve-options.js';
import type { IdSource } from '../options/tracing-options.js';
import { digestId } from '../trace/ids.js';

/** Reads one kind of id from a request, or finds none. */
export type IdReader = (request: IncomingMessage) => string | undefined;

const BEARER = /^bearer +([\x21-\x7e]+)$/i;
const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;

/** Makes the reader of an id from what the options say, or from its default sources. */
export function readerOf(
  { sources, validate }: ResolvedIdOptions,
  defaults: readonly IdSource[],
): IdReader {
  const readers = (sources ?? defaults).map(readerOfSource);
  return (request) => {
    for (const read of readers) {
      const value = read(request);
      if (typeof value === 'string' && validate(value)) return value;
    }
    return undefined;
  };
}

function readerOfSource(source: IdSource): IdReader {
  if (typeof source === 'string') {
    const name = source.toLowerCase();
    return (request) => singleHeader(request, name);
  }
  return source;
}

/**
 * A header that came once. Node joins repeated ones with a comma, which no id may hold, but drops
 * the second `Authorization`.
 */
function singleHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** `session_id` of the query, if it is there once. */
export function sessionIdOfQuery({ url = '' }: IncomingMessage): string | undefined {
  const queryAt = url.indexOf('?');
  // Nearly no request has one; do not parse a query to find that out.
  if (queryAt === -1 || !url.includes('session_id=', queryAt)) return undefined;
  const values = new URLSearchParams(url.slice(queryAt + 1)).getAll('session_id');
  return values.length === 1 ? values[0] : undefined;
}

/**
 * The session of an MCP client. Its id may be any visible ASCII; one that is not fit for a log is
 * digested.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
 */
export function mcpSession(isValid: (value: string) => boolean, key: string | undefined): IdReader {
  return (request) => {
    const value = singleHeader(request, 'mcp-session-id');
    if (value === undefined || isValid(value)) return value;
    return VISIBLE_ASCII.test(value) ? digestId('mcp_', value, key) : undefined;
  };
}

/** The digest of a bearer token. The token itself is a secret, and never an id. */
export function bearerSession(key: string | undefined): IdReader {
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
