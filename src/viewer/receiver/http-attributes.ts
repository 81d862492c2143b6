import { pathOf } from '../../records/url-path.js';
import { serverOrigin } from '../server-address.js';
import { numberOf, textOf } from './attribute-values.js';
import type { OtlpAttributes } from './otlp-model.js';
import { hostOf } from './url-parts.js';

/** The attributes of an HTTP request. */
export interface HttpParts {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly route: string | undefined;
  readonly status_code: number | undefined;
}

/**
 * The HTTP attributes of a span, by the stable conventions or by those before them.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
 */
export function httpParts(attributes: OtlpAttributes): HttpParts {
  const url = textOf(attributes, 'url.path', 'http.target', 'url.full', 'http.url');
  return {
    method: textOf(attributes, 'http.request.method', 'http.method'),
    path: url === undefined ? undefined : pathOf(url) || '/',
    route: textOf(attributes, 'http.route'),
    status_code: numberOf(attributes, 'http.response.status_code', 'http.status_code'),
  };
}

/** Where a request was sent, by the stable conventions or by those before them. */
export function originIn(attributes: OtlpAttributes): string | undefined {
  return serverOrigin(
    textOf(attributes, 'url.scheme', 'http.scheme'),
    textOf(attributes, 'server.address', 'net.host.name'),
    numberOf(attributes, 'server.port', 'net.host.port'),
  );
}

/**
 * The name of a span for people. By the conventions the name of an outgoing call is its method alone,
 * so that such spans can be grouped; this adds host and path.
 */
export function callName(name: string, attributes: OtlpAttributes): string {
  const { method, path = '' } = httpParts(attributes);
  if (method === undefined || (name !== method && name !== `HTTP ${method}`)) return name;
  return `${method} ${calledHost(attributes)}${path}`.trimEnd();
}

function calledHost(attributes: OtlpAttributes): string {
  const url = textOf(attributes, 'url.full', 'http.url');
  const host = url === undefined ? undefined : hostOf(url);
  if (host !== undefined) return host;
  const address = textOf(attributes, 'server.address', 'net.peer.name') ?? '';
  const port = numberOf(attributes, 'server.port', 'net.peer.port');
  const name = address.includes(':') ? `[${address}]` : address;
  return port === undefined || port === 80 || port === 443 ? name : `${name}:${port}`;
}
