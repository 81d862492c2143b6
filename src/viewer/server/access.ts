import type { IncomingMessage } from 'node:http';
import { warnOnce } from '../../records/warnings.js';
import type { AuthorizeViewer } from './viewer-options.js';
import type { ViewerToken } from './viewer-token.js';

/** Why a request is refused, with the status of the answer; `undefined` for one that is allowed. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly reason: string;
}

/** What decides who may look and send: the application's own function, or the token. */
export type Gate = { readonly authorize: AuthorizeViewer } | { readonly token: ViewerToken };

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i;
/** Headers of proxies and of browsers: what has one is not sent by a service of this machine. */
const RELAYED =
  /^(?:forwarded|via|origin|sec-fetch-site|x-forwarded.*|x-real-ip|x-client-ip|x-original-.*|x-envoy-.*|x-cluster-client-ip|true-client-ip|cf-.*|fastly-.*)$/;

/**
 * Why a request may not see a page of the viewer. The token is proof enough: the cookie is sent with
 * no request of another site (`SameSite=Strict`), and a foreign name that resolves to this machine
 * (DNS rebinding) has no cookie.
 */
export function pageRefusal(request: IncomingMessage, gate: Gate): Promise<Refusal | undefined> {
  return refusal(request, gate, () => false);
}

/**
 * Why a request may not send OTLP. A service on this machine needs no token: it can write, but not
 * read. A proxy that adds no header of its own looks like one.
 */
export function senderRefusal(request: IncomingMessage, gate: Gate): Promise<Refusal | undefined> {
  return refusal(request, gate, isFromThisMachine);
}

async function refusal(
  request: IncomingMessage,
  gate: Gate,
  needsNoToken: (request: IncomingMessage) => boolean,
): Promise<Refusal | undefined> {
  const foreign = foreignOrigin(request);
  if (foreign !== undefined) return { status: 403, reason: foreign };
  if ('authorize' in gate) return authorizeRefusal(request, gate.authorize);
  if (gate.token.isIn(request) || needsNoToken(request)) return undefined;
  return { status: 401, reason: 'the request has no valid token' };
}

async function authorizeRefusal(
  request: IncomingMessage,
  authorize: AuthorizeViewer,
): Promise<Refusal | undefined> {
  try {
    const answer: unknown = await authorize(request);
    return answer === true
      ? undefined
      : { status: 403, reason: '`authorize` refused this request' };
  } catch (error) {
    warnOnce(
      'TRACING_CALLBACK_FAILED',
      'the function `authorize` of TraceViewerModule.forRoot threw',
      error,
      'viewer authorize',
    );
    return { status: 403, reason: '`authorize` threw' };
  }
}

function isFromThisMachine({ socket, headers, httpVersion }: IncomingMessage): boolean {
  if (!LOOPBACK.test(socket.remoteAddress ?? '')) return false;
  // No exporter speaks HTTP/1.0, but nginx does by default, and adds no header.
  if (httpVersion === '1.0') return false;
  for (const name in headers) if (RELAYED.test(name)) return false;
  return true;
}

/** Pages of other sites may neither read it nor send to it. A request without origin is from no page. */
function foreignOrigin({ headers }: IncomingMessage): string | undefined {
  const { origin, 'sec-fetch-site': site } = headers;
  // Only the browser sets it, and a proxy does not change it as it may change `Host`.
  if (site === 'same-origin') return undefined;
  const host = headers[':authority'] ?? headers.host;
  if (origin !== undefined && originHost(origin) !== host) return 'it comes from another origin';
  if (isFromAnotherSite(site) && headers['sec-fetch-mode'] !== 'navigate') {
    return 'it comes from another site';
  }
  return undefined;
}

/** Whether a browser says that another site caused a request, such as one with a link to it. */
export function isFromAnotherSite(site: unknown): boolean {
  return site === 'cross-site' || site === 'same-site';
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
