import type { IncomingMessage } from 'node:http';
import type { AuthorizeViewer } from './viewer-options.js';

/** Why a request is refused; `undefined` for one that is allowed. */
export type Refusal = string | undefined;

const LOOPBACK_ADDRESS = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i;
const LOOPBACK_HOST = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
/** Headers that proxies add: behind a proxy, every request comes from this machine. */
const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/**
 * Decides whether a request may see the page. Without `authorize`, it must come from this machine and
 * be for a name of this machine: a foreign name that resolves to it is an attack through the browser
 * (DNS rebinding).
 */
export async function refusalOf(
  request: IncomingMessage,
  authorize: AuthorizeViewer | undefined,
): Promise<Refusal> {
  const foreign = foreignOrigin(request);
  if (foreign !== undefined) return foreign;
  if (authorize === undefined) return remoteRefusal(request);
  try {
    const answer: unknown = await authorize(request);
    return answer === true ? undefined : '`authorize` says no';
  } catch {
    return '`authorize` threw';
  }
}

function remoteRefusal(request: IncomingMessage): Refusal {
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

/** No browser speaks HTTP/1.0, but nginx does by default, and adds none of these headers. */
function isProxied({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.0' || PROXY_HEADERS.some((name) => headers[name] !== undefined);
}

/** Pages of other sites may neither read it nor send to it. A request without origin is from no page. */
function foreignOrigin({ headers }: IncomingMessage): Refusal {
  const { origin, 'sec-fetch-site': site } = headers;
  const host = headers[':authority'] ?? headers.host;
  if (origin !== undefined && originHost(origin) !== host) return 'it comes from another origin';
  // A link from another site is harmless; an `<img>`, `<script>` or form is not.
  const isForeign = site === 'cross-site' || site === 'same-site';
  if (isForeign && headers['sec-fetch-mode'] !== 'navigate') return 'it comes from another site';
  return undefined;
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
