import { numberOf, textOf } from './attribute-values.js';
import type { OtlpAttributes } from './otlp-data.js';
import { applicationOf, pathOf } from './url-parts.js';

/** What is known of a request of HTTP. */
export interface HttpParts {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly route: string | undefined;
  readonly status: number | undefined;
}

/**
 * What a span says of HTTP, by the conventions of today or by those before them.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
 */
export function httpParts(attributes: OtlpAttributes): HttpParts {
  const url = textOf(attributes, 'url.path', 'http.target', 'url.full', 'http.url');
  return {
    method: textOf(attributes, 'http.request.method', 'http.method'),
    path: url === undefined ? undefined : pathOf(url),
    route: textOf(attributes, 'http.route'),
    status: numberOf(attributes, 'http.response.status_code', 'http.status_code'),
  };
}

/**
 * The name of a span as it is read by people. That of an outgoing call is its method alone by the
 * conventions, which are about groups of spans; so this adds what it calls.
 */
export function callName(name: string, attributes: OtlpAttributes): string {
  const { method, path = '' } = httpParts(attributes);
  if (method === undefined || (name !== method && name !== `HTTP ${method}`)) return name;
  return `${method} ${calledHost(attributes)}${path}`.trimEnd();
}

function calledHost(attributes: OtlpAttributes): string {
  const url = textOf(attributes, 'url.full', 'http.url');
  const host = url === undefined ? undefined : applicationOf(url);
  if (host !== undefined) return host;
  const address = textOf(attributes, 'server.address', 'net.peer.name') ?? '';
  const port = numberOf(attributes, 'server.port', 'net.peer.port');
  const name = address.includes(':') ? `[${address}]` : address;
  return port === undefined || port === 80 || port === 443 ? name : `${name}:${port}`;
}
