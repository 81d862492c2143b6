import type { SpanAttributes } from '../../records/span-record.js';

/** How many servers are remembered: an application has few. */
const MAX_SERVERS = 64;
/** Longer addresses are not remembered, in characters. */
const MAX_KEY = 512;

const known = new Map<string, SpanAttributes>();

interface Server {
  readonly address: unknown;
  readonly port: unknown;
  readonly database: unknown;
  readonly attributes: SpanAttributes | undefined;
}

/** The server of the call before: nearly all calls go to the same, and making its key takes time. */
let latest: Server | undefined;

/**
 * The attributes of the server that a driver is connected to. What is not known, or of another type,
 * is left out.
 *
 * They are the same object for each connection to one server, so that what was found out about a
 * statement serves all of them. They are not kept with the connection: its database may change.
 *
 * @param address the name or address of the host, or the path of a Unix domain socket.
 * @param port a number or its digits; left out where the address is a path.
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
export function serverAttributes(
  address: unknown,
  port: unknown,
  database: unknown,
): SpanAttributes | undefined {
  const isLatest =
    latest !== undefined &&
    latest.address === address &&
    latest.port === port &&
    latest.database === database;
  if (!isLatest) {
    latest = { address, port, database, attributes: knownServer(address, port, database) };
  }
  return latest?.attributes;
}

function knownServer(
  address: unknown,
  port: unknown,
  database: unknown,
): SpanAttributes | undefined {
  const host = textOf(address);
  const digits = typeof port === 'number' ? String(port) : textOf(port);
  const name = textOf(database);
  if (host === '' && digits === '' && name === '') return undefined;
  const key = `${host}\0${digits}\0${name}`;
  let attributes = known.get(key);
  if (attributes === undefined) {
    attributes = describe(host, digits, name);
    if (known.size < MAX_SERVERS && key.length <= MAX_KEY) known.set(key, attributes);
  }
  return attributes;
}

function describe(address: string, digits: string, database: string): SpanAttributes {
  const port = digits === '' || address.startsWith('/') ? Number.NaN : Number(digits);
  return {
    ...(address !== '' && { 'server.address': address }),
    ...(Number.isInteger(port) && { 'server.port': port }),
    ...(database !== '' && { 'db.namespace': database }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
