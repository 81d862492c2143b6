import { isIP } from 'node:net';
import { isLoopback } from '../options/trusted-hosts.js';

/** The server that a call is sent to: the one it is for, or a proxy. */
export interface Peer {
  /** As in `https`. */
  readonly scheme: string;
  /** As in a URL: brackets around an IPv6 address, no port where it is the default. */
  readonly authority: string;
  /** In lower case, without brackets and port. */
  readonly host: string;
  /** `undefined` where it is not known. */
  readonly port: number | undefined;
}

/** The method and URL of a call. */
export interface Target extends Peer {
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** The host that the client asks for a connection to: `host`, or a proxy that it names itself. */
  readonly connectedHost: string;
  /** Whether the call is addressed as clients address a proxy. */
  readonly isProxied: boolean;
  /** The header `Host`, where it names another host than the address that is connected to. */
  readonly hostHeader: string | undefined;
}

export const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/** What begins a whole URL in a request line: proxies take schemes besides those of HTTP. */
const WHOLE_URL = /^(?:https?:|[a-z][a-z\d+.-]*:\/\/)/i;

/**
 * Reads the target of a request line. A whole URL names the host that the call is for, whatever the
 * header `Host` says: only a proxy is addressed like that.
 * Anything else is a path, even `//host/path`.
 *
 * @param hostHeader the header `Host`, where the call has one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function targetOf(
  method: string,
  peer: Peer,
  target: string,
  hostHeader: string | undefined,
): Target {
  if (!WHOLE_URL.test(target)) {
    const path = target.replace(/[?#].*$/s, '');
    const other = namesOther(hostHeader, peer.host) ? hostHeader : undefined;
    return { ...peer, method, path, connectedHost: peer.host, isProxied: false, hostHeader: other };
  }
  // What a proxy does with this is not known: the empty host is never trusted.
  const known = { method, connectedHost: peer.host, hostHeader: undefined, isProxied: true };
  if (!URL.canParse(target)) return { ...peer, ...known, host: '', path: '' };
  const url = new URL(target);
  return { ...peerOf(url), ...known, path: url.pathname };
}

/**
 * Whether a header `Host` names another host of a network than an address: something has resolved the
 * name before the client, or a gateway on this machine is to forward the call.
 */
function namesOther(header: string | undefined, host: string): boolean {
  if (header === undefined || (isIP(host) === 0 && !isLoopback(host))) return false;
  const named = hostIn(header);
  return named !== host && /[.:]/.test(named);
}

/** The host in a header `Host`. */
export function hostIn(header: string): string {
  return hostName(header.replace(/:\d*$/, ''));
}

export function peerOf({ host, hostname, port, protocol }: URL): Peer {
  return {
    scheme: protocol.slice(0, -1),
    authority: host,
    host: hostName(hostname),
    port: port === '' ? DEFAULT_PORTS.get(protocol) : Number(port),
  };
}

/** A host as it is compared: in lower case, without brackets and without a dot at the end. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
}
