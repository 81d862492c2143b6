import { subscribe } from 'node:diagnostics_channel';
import { isIP, Socket } from 'node:net';
import { checkServerIdentity, TLSSocket } from 'node:tls';
import { hostName } from './call-target.js';

/** The reader of a socket of the file system or of a named pipe: a process of this machine. */
export const LOCAL_PIPE = 'unix:';

/** What Node keeps on a socket besides what its types say. */
interface OpenSocket {
  /** The name that was looked up for the connection. */
  readonly _host?: unknown;
  readonly _handle?: object | null;
}

/** What `tls.connect` was called with, which Node keeps on the socket. */
interface TlsOptions {
  readonly host?: unknown;
  readonly path?: unknown;
  readonly servername?: unknown;
  readonly socket?: unknown;
  readonly rejectUnauthorized?: unknown;
  readonly checkServerIdentity?: unknown;
}

/** The addresses of connections that are not made yet. Only names are on the sockets themselves. */
const attempted = new WeakMap<Socket, string>();

/**
 * Notes the addresses of the connections of this process, for clients that choose them on their
 * own. The channel changes nothing of a socket.
 */
export function noteAddresses(): void {
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket };
    socket.once('connectionAttempt', noteAddress);
  });
}

function noteAddress(this: Socket, address: string): void {
  // Of a socket of the file system it is the path.
  if (isIP(address) !== 0) attempted.set(this, address);
}

/**
 * The host whose software reads what is written to a socket: the one whose certificate TLS has
 * checked, or else the one at the other end of the connection, which is a proxy where the
 * connection leads through one. `undefined` where the socket does not show it.
 */
export function readerOf(socket: unknown): string | undefined {
  if (socket instanceof TLSSocket) return readerOfTls(socket);
  if (!(socket instanceof Socket)) return undefined;
  const { _host: name, _handle: handle } = socket as OpenSocket;
  if (typeof name === 'string' && name !== '') return hostName(name);
  const address = socket.remoteAddress ?? attempted.get(socket);
  if (address !== undefined) return hostName(address);
  return handle?.constructor.name === 'Pipe' ? LOCAL_PIPE : undefined;
}

function readerOfTls(socket: TLSSocket): string | undefined {
  const options = connectOptionsOf(socket);
  if (options === undefined) return undefined;
  const { host, path, servername, socket: below, rejectUnauthorized } = options;
  const check = options.checkServerIdentity;
  const isChecked =
    rejectUnauthorized !== false && (check === undefined || check === checkServerIdentity);
  // In the order in which Node takes the name that it compares with the certificate.
  const names = [servername, host];
  if (below !== undefined && below !== null) {
    // Anybody on the way may have answered the handshake.
    if (!isChecked) return readerOf(below);
    const { _host: name } = below as OpenSocket;
    names.push(name);
  } else if (typeof path === 'string') {
    return LOCAL_PIPE;
  }
  const found = (isChecked ? names : [host]).find((name) => typeof name === 'string' && name);
  return typeof found === 'string' ? hostName(found) : 'localhost';
}

let connectOptions: symbol | undefined;

function connectOptionsOf(socket: TLSSocket): TlsOptions | undefined {
  connectOptions ??= symbolOf(socket, 'connect-options');
  const options = connectOptions && valueOf(socket, connectOptions);
  return typeof options === 'object' && options !== null ? options : undefined;
}

/** An own property of an object that its types do not have. */
export function valueOf(owner: object, key: symbol): unknown {
  return Object.getOwnPropertyDescriptor(owner, key)?.value;
}

/** The symbol with this description among the own properties of an object. */
export function symbolOf(owner: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description);
}
