import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import type { TLSSocket } from 'node:tls';
import { sharedState } from '../../records/shared-state.js';
import { hubToken } from './hub/hub-place.js';
import { projectToken } from './token-file.js';

const BEARER = /^Bearer +([^\s,]+) *$/i;
/** What a mount or a proxy puts in front of the path. Nothing in it may end the attribute. */
const MOUNT = /^(?:\/[\w.~%-]+)+$/;

/** The token of this process, by the folder that it runs in. */
const tokens = sharedState('viewer-tokens', () => new Map<string, string>());

/** The secret that opens the trace viewer: in the link, then in a cookie, for programs as a bearer. */
export class ViewerToken {
  private readonly digest: Buffer;
  /**
   * The name of the cookie. Cookies ignore ports: on one host, each project needs a name of its own.
   */
  readonly cookieName: string;

  constructor(readonly value: string) {
    this.digest = digestOf(value);
    this.cookieName = `nestjs-tracing-${this.digest.toString('hex', 0, 6)}`;
  }

  /** The token of the project that this process runs in. */
  static ofProject(): ViewerToken {
    const folder = process.cwd();
    const value = tokens.get(folder) ?? projectToken(folder);
    tokens.set(folder, value);
    return new ViewerToken(value);
  }

  /** The token of this user, for the shared viewer; where it cannot be kept, that of the project. */
  static ofUser(): ViewerToken {
    try {
      const value = hubToken(tmpdir());
      if (value !== undefined) return new ViewerToken(value);
    } catch {
      // There is no folder for it, so nothing is shared either, which a warning says.
    }
    return ViewerToken.ofProject();
  }

  /** Whether a text is the token, compared in constant time. */
  matches(text: string): boolean {
    return timingSafeEqual(digestOf(text), this.digest);
  }

  /** Whether a request has the token in its cookie or as a bearer. */
  isIn({ headers }: IncomingMessage): boolean {
    const bearer = BEARER.exec(headers.authorization ?? '')?.[1];
    if (bearer !== undefined && this.matches(bearer)) return true;
    const prefix = `${this.cookieName}=`;
    return (headers.cookie ?? '').split(';').some((pair) => {
      const cookie = pair.trim();
      return cookie.startsWith(prefix) && this.matches(cookie.slice(prefix.length));
    });
  }

  /**
   * The cookie that a browser gets for following the link. It is sent to the viewer alone, and never
   * with a request that another site causes. It ends with the browser.
   *
   * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.2
   */
  cookies(request: IncomingMessage, path: string): string[] {
    const { originalUrl = '', url = '' } = request as IncomingMessage & { originalUrl?: string };
    const mount = originalUrl.endsWith(url) ? originalUrl.slice(0, -url.length || undefined) : '';
    const attributes = `HttpOnly; SameSite=Strict${isHttps(request) ? '; Secure' : ''}`;
    const cookie = `${this.cookieName}=${this.value}`;
    const scoped = `${cookie}; Path=${MOUNT.test(mount) ? mount : ''}${path}; ${attributes}`;
    // Without a path, a browser takes the folder that it sees: behind a proxy that adds one.
    const isFolder = url.startsWith(`${path}/`);
    return isFolder ? [scoped, `${cookie}; ${attributes}`] : [scoped];
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether the browser's end of the connection is encrypted. A client that lies harms only itself. */
function isHttps({ socket, headers }: IncomingMessage): boolean {
  if ((socket as Partial<TLSSocket>).encrypted === true) return true;
  return /^\s*https\s*(?:,|$)/i.test(String(headers['x-forwarded-proto'] ?? ''));
}
