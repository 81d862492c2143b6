import type { ViewRequest } from './view-records.js';

/** The page of a running application, which that application serves itself. */
export interface OwnPage {
  readonly service: string;
  readonly origin: string;
}

/** What a user replaces where the address of a service is not known. */
const UNKNOWN_ORIGIN = 'http://localhost:PORT';
const NAME = /^[\w.-]{1,255}$/;
const IPV6 = /^[\da-f:.]{2,45}$/i;
const ANY_ADDRESS: ReadonlySet<string> = new Set(['::', '0.0.0.0']);

/**
 * The origin of a server, as in `http://localhost:3000`, from `url.scheme`, `server.address` and
 * `server.port` of the semantic conventions; `undefined` for what is no host.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/server/
 */
export function serverOrigin(scheme: unknown, address: unknown, port: unknown): string | undefined {
  if (typeof address !== 'string') return undefined;
  const isIpv6 = !NAME.test(address);
  if (isIpv6 && !IPV6.test(address)) return undefined;
  const host = ANY_ADDRESS.has(address) ? 'localhost' : isIpv6 ? `[${address}]` : address;
  const isTls = scheme === 'https';
  const number = Number(port);
  const isUsual = !Number.isInteger(number) || number === (isTls ? 443 : 80) || number < 1;
  return `${isTls ? 'https' : 'http'}://${host}${isUsual || number > 65_535 ? '' : `:${number}`}`;
}

/**
 * Where such a request is sent again: to the address of the page for a request of the application
 * that serves it, else to the one that its caller used, else to a placeholder.
 */
export function requestOrigin(record: ViewRequest, page: OwnPage | undefined): string {
  if (page?.service === record.service) return page.origin;
  return record.serverOrigin ?? UNKNOWN_ORIGIN;
}
