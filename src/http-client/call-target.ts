/** The server that a call is sent to: the one it is for, or a proxy. */
export interface Peer {
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
  /** The host of the proxy that the call is sent through. */
  readonly proxy: string | undefined;
}

export const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * Reads the target of a request line. Through a proxy it is a whole URL, which names the host
 * that the call is for. Anything else is a path, even `//host/path`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function targetOf(method: string, peer: Peer, target: string): Target {
  if (!/^https?:/i.test(target)) {
    const path = target.replace(/[?#].*$/s, '');
    return { ...peer, method, path, proxy: undefined };
  }
  // What a proxy does with this is not known: the empty host is never trusted.
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

/** A host as it is compared: in lower case, without brackets and without a dot at the end. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
}
