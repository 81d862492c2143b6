import type { SpanAttributes } from '../../records/span-record.js';
import type { CallOrigin, ClientCallStart } from '../../spans/client-call.js';
import { sqlCall } from './sql-call.js';

/** What of a client is read: its connection, and the texts of its named statements. */
export interface PgConnected {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly database?: unknown;
  readonly connection?: { readonly parsedStatements?: unknown };
  /** Of a native client. */
  readonly namedQueries?: unknown;
}

/** What a query is called, from what is passed to `client.query`. */
export function queryCall(
  origin: CallOrigin,
  query: unknown,
  client: PgConnected | undefined,
): ClientCallStart {
  return sqlCall(origin, 'postgresql', statementOf(query, client), client && connectionOf(client));
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

const described = new WeakMap<object, SpanAttributes>();

/** The server and the database of a client, or of the options of a pool; made once for each. */
export function connectionOf(client: PgConnected): SpanAttributes {
  let attributes = described.get(client);
  if (attributes === undefined) described.set(client, (attributes = describe(client)));
  return attributes;
}

function describe({ host, port, database }: PgConnected): SpanAttributes {
  // A path is the folder of a Unix domain socket, for which the port only names the file.
  const isSocket = typeof host === 'string' && host.startsWith('/');
  const number = isSocket || port === undefined ? NaN : Number(port);
  return {
    ...(typeof host === 'string' && host !== '' && { 'server.address': host }),
    ...(Number.isInteger(number) && { 'server.port': number }),
    ...(typeof database === 'string' && database !== '' && { 'db.namespace': database }),
  };
}
