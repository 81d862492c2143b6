import type { IncomingMessage } from 'node:http';
import type { AuthorizeViewer } from './viewer-options.js';

/** Why a request is refused; `undefined` for one that is welcome. */
export type Refusal = string | undefined;

const LOOPBACK_ADDRESS = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i;
const LOOPBACK_HOST = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
/** What proxies add: behind one, everybody comes from this machine. */
const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/**
 * Decides who may see the page. Unless the user decides, that is who sits at this machine, and
 * asks for it by its name: a foreign name that resolves to this machine is an attack through the
 * browser (DNS rebinding).
 */
export async function refusalOf(
  request: IncomingMessage,
  authorize: AuthorizeViewer | undefined,
): Promise<Refusal> {
  const foreign = foreignOrigin(request);
  if (foreign !== undefined) return foreign;
  if (authorize === undefined) return strangerRefusal(request);
  try {
    const answer: unknown = await authorize(request);
    return answer === true ? undefined : '`authorize` says no';
  } catch {
    return '`authorize` threw';
  }
}

function strangerRefusal(request: IncomingMessage): Refusal {
  const { socket, headers, httpVersionMajor } = request;
  if (!LOOPBACK_ADDRESS.test(socket.remoteAddress ?? '')) {
    return 'only this machine may see it: give `authorize` to let others in';
  }
  if (isProxied(request)) {
    return 'it came through a proxy: give `authorize` to let others in';
  }
  const host = httpVersionMajor > 1 ? headers[':authority'] : headers.host;
  if (typeof host !== 'string' || !LOOPBACK_HOST.test(host)) {
    return 'its `Host` is not localhost';
  }
  return undefined;
}

/** No browser speaks HTTP/1.0, but nginx does, and by default it says of nobody that it asks for them. */
function isProxied({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.0' || PROXY_HEADERS.some((name) => headers[name] !== undefined);
}

/** Pages of other sites may not read it, nor send to it. Who has no origin is no browser's page. */
function foreignOrigin({ headers }: IncomingMessage): Refusal {
  const { origin, 'sec-fetch-site': site } = headers;
  const host = headers[':authority'] ?? headers.host;
  if (origin !== undefined && originHost(origin) !== host) return 'it comes from another origin';
  // A link to the page from elsewhere is no harm; an `<img>`, `<script>` or form would be.
  const isForeign = site === 'cross-site' || site === 'same-site';
  if (isForeign && headers['sec-fetch-mode'] !== 'navigate') return 'it comes from another site';
  return undefined;
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
