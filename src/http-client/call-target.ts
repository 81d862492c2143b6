/** The server that a call is sent to: the one it is for, or a proxy. */
export interface Peer {
  /** As in a URL: brackets around an IPv6 address, no port where it is the default. */
  readonly authority: string;
  /** In lower case, without brackets and port. */
  readonly host: string;
  /** `undefined` where nobody says. */
  readonly port: number | undefined;
}

/** What a call is for. */
export interface Target extends Peer {
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** The host that passes the call on. */
  readonly proxy: string | undefined;
}

export const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * Reads the target of a request line. Through a proxy it is a whole URL, and that names the host
 * which the call is for. All else is a path, even one such as `//host/path`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function targetOf(method: string, peer: Peer, target: string): Target {
  if (!/^https?:/i.test(target)) {
    const path = target.replace(/[?#].*$/s, '');
    return { ...peer, method, path, proxy: undefined };
  }
  // Nobody knows what a proxy makes of this.
  if (!URL.canParse(target)) return { ...peer, method, host: '', path: '', proxy: undefined };
  const url = new URL(target);
  return { ...peerOf(url), method, path: url.pathname, proxy: peer.host };
}

export function peerOf({ host, hostname, port, protocol }: URL): Peer {
  return {
    authority: host,
    host: hostName(hostname),
    port: port === '' ? DEFAULT_PORTS[protocol] : Number(port),
  };
}

/** A host as it is compared: in lower case, without brackets and without the dot of the root. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
}
