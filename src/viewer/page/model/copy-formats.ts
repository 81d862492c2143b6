import { plainJson } from '../../plain-json.js';
import type { ViewStore } from '../../store/view-store.js';
import { shellQuote } from './shell-quote.js';
import type { ViewedRequest } from '../../store/viewed-records.js';

/** A request with its lines, as JSON to read. */
export function asJson(store: ViewStore, request: ViewedRequest): string {
  const { record } = request;
  // Spans of another service are not part of its request record.
  const spans = store.traceOf(request).spans.filter(({ service }) => service === record.service);
  const lines = store.linesOf(request).map(({ record }) => record);
  return plainJson({ request: record, ...(spans.length > 0 && { spans }), lines }, 2);
}

/** What a method may be (RFC 9110, section 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** A value that cannot end its header early. */
const HEADER_VALUE = /^[\x21-\x7e]+$/;
/** A session id that is a hash of a secret: sent back, it would be another session. */
const DERIVED_SESSION = /^(?:tok|mcp)_/;

/**
 * The `curl` command that sends such a request again, with its ids and without its body, which is not
 * known. `undefined` for what did not come over HTTP.
 */
export function asCurl({ record }: ViewedRequest, origin: string): string | undefined {
  const { kind, method, path, requestId, sessionId } = record;
  if (kind !== 'request' || path === undefined) return undefined;
  if (method === undefined || !TOKEN.test(method)) return undefined;
  const words = ['curl', ...methodOptions(method), shellQuote(origin + urlPath(path))];
  const addHeader = (name: string, value: string | undefined): void => {
    if (value === undefined || !HEADER_VALUE.test(value)) return;
    words.push('-H', shellQuote(`${name}: ${value}`));
  };
  addHeader('X-Request-ID', requestId);
  if (sessionId !== undefined && !DERIVED_SESSION.test(sessionId)) {
    addHeader('X-Session-ID', sessionId);
  }
  return words.join(' ');
}

function methodOptions(method: string): string[] {
  if (method === 'GET') return [];
  // With `-X HEAD` curl would wait for a body.
  if (method === 'HEAD') return ['--head'];
  return ['-X', /^[A-Z]+$/.test(method) ? method : shellQuote(method)];
}

const LONE_SURROGATES = /\p{Surrogate}/gu;
const NOT_IN_URL = /[^\x21-\x7e]|[#[\]{}]/gu;

/** A path that begins with a slash, so that it cannot change the host, and that curl sends unchanged. */
function urlPath(path: string): string {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  return absolute
    .replace(LONE_SURROGATES, '\ufffd')
    .replace(NOT_IN_URL, (character) => encodeURIComponent(character));
}

/** The command that finds the lines of a request in a log of JSON. */
export function asGrep({ record: { requestId, traceId } }: ViewedRequest): string {
  const [name, id] = requestId === undefined ? ['trace_id', traceId] : ['request_id', requestId];
  return `grep -F ${shellQuote(`"${name}":${plainJson(id)}`)} app.log`;
}
