import { Server as TlsServer } from 'node:tls';
import type { AddressInfo, Server } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ViewerToken } from './viewer-token.js';

/** The addresses that mean "all of this machine's". No browser opens them on every system. */
const ANY_ADDRESS = new Set(['::', '0.0.0.0']);

/**
 * Prints the link to the trace viewer, once for each application. It goes to standard error, not
 * through the logger: a secret must not be in a log file, at a collector or in the viewer itself.
 */
export class ViewerLink {
  private isPrinted = false;

  constructor(
    private readonly path: string,
    private readonly token: ViewerToken,
  ) {}

  /** Prints the link when the server listens. */
  printFor(server: Server): void {
    whenListening(server, (origin, isPublic) =>
      this.print(origin, isPublic ? undefined : pipeOf(server)),
    );
  }

  /**
   * Prints it for a server that the application has made by itself, when it is asked for a page
   * without the token.
   */
  printForRequest({ socket }: IncomingMessage): void {
    const { localAddress = '', localPort, encrypted } = socket as Partial<TLSSocket>;
    if (localPort === undefined) return;
    this.print(publicUrl(localPort) ?? urlOf(encrypted === true, localAddress, localPort));
  }

  private print(origin: string, pipe?: string): void {
    if (this.isPrinted) return;
    this.isPrinted = true;
    const where = pipe === undefined ? '' : ` (on ${pipe})`;
    const link = `${origin}${this.path}?token=${this.token.value}`;
    process.stderr.write(`nestjs-tracing: to see the traces, open ${link}${where}\n`);
  }
}

/** Calls a function with the origin of a server's URLs, when it listens. */
export function whenListening(
  server: Server,
  use: (origin: string, isPublic: boolean) => void,
): void {
  const listening = (): void => {
    const origin = publicUrl(portOf(server));
    use(origin ?? originOf(server), origin !== undefined);
  };
  if (server.listening) listening();
  else server.once('listening', listening);
}

const NAME = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;

/**
 * The address of the application outside of a container, where the environment says it: in
 * `TRACING_VIEWER_URL`, or in a GitHub Codespace.
 *
 * @see https://docs.github.com/en/codespaces/developing-in-a-codespace/default-environment-variables-for-your-codespace
 */
function publicUrl(port: number | undefined): string | undefined {
  const {
    TRACING_VIEWER_URL: url = '',
    CODESPACE_NAME: name = '',
    GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: domain = '',
  } = process.env;
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) {
    const { origin, pathname } = new URL(url);
    return origin + pathname.replace(/\/+$/, '');
  }
  if (port === undefined || !NAME.test(name) || !NAME.test(domain)) return undefined;
  return `https://${name}-${port}.${domain}`;
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

/** Where a server listens; on a pipe or a Unix socket, only its user knows the host. */
function originOf(server: Server): string {
  const address = server.address();
  const isTls = server instanceof TlsServer;
  if (typeof address === 'object' && address !== null) return addressUrl(isTls, address);
  return `${isTls ? 'https' : 'http'}://localhost`;
}

function pipeOf(server: Server): string | undefined {
  const address = server.address();
  return typeof address === 'string' ? address : undefined;
}

function addressUrl(isTls: boolean, { address, port }: AddressInfo): string {
  return urlOf(isTls, address, port);
}

function urlOf(isTls: boolean, address: string, port: number): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const host = ANY_ADDRESS.has(plain) ? 'localhost' : plain.includes(':') ? `[${plain}]` : plain;
  return `${isTls ? 'https' : 'http'}://${host}:${port}`;
}
