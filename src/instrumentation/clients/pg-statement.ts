import type { SpanAttributes } from '../../records/span-record.js';
import type { CallOrigin, ClientCall } from '../../spans/client-call.js';
import { serverAttributes } from './server-attributes.js';
import { openSqlCall } from './sql-call.js';

/** What of a client is read: its connection, and the texts of its named statements. */
export interface PgConnected {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly database?: unknown;
  readonly connection?: { readonly parsedStatements?: unknown };
  /** Of a native client. */
  readonly namedQueries?: unknown;
}

/**
 * Begins the call of a query.
 *
 * @param query what is passed to `client.query`.
 * @param client a client, or the options of a pool.
 */
export function openPgCall(
  origin: CallOrigin,
  query: unknown,
  client: PgConnected | undefined,
): ClientCall {
  const server = client && connectionOf(client);
  return openSqlCall(origin, 'postgresql', statementOf(query, client), server);
}

/**
 * The text of a query: a text, a configuration with `text`, a query, a cursor, a stream around a
 * cursor, or the name of a statement that was prepared earlier.
 */
function statementOf(query: unknown, client: PgConnected | undefined): unknown {
  if (typeof query !== 'object' || query === null) return query;
  const { text, cursor, name } = query as { text?: unknown; cursor?: unknown; name?: unknown };
  if (typeof text === 'string') return text;
  if (typeof cursor === 'object' && cursor !== null) return (cursor as { text?: unknown }).text;
  if (typeof name !== 'string') return undefined;
  const prepared = client?.connection?.parsedStatements ?? client?.namedQueries;
  return (Object(prepared) as Record<string, unknown>)[name];
}

/** The server and the database of a client, or of the options of a pool. */
export function connectionOf({ host, port, database }: PgConnected): SpanAttributes | undefined {
  return serverAttributes(host, port, database);
}
