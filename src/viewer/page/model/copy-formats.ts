import { escapeText } from '../../../records/control-characters.js';
import { queryText } from '../../../records/query-text.js';
import { plainJson } from '../../plain-json.js';
import type { ViewStore } from '../../store/view-store.js';
import { requestOrigin, type OwnPage } from '../../server-address.js';
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
/** A value that was replaced before it was logged, as in `token=[masked]`. */
const MASKED = /=\[[\w ]+\](?=&|$)/g;
/** A session id that is a hash of a secret: sent back, it would be another session. */
const DERIVED_SESSION = /^(?:tok|mcp)_/;

/**
 * The `curl` command that sends such a request again, in its session and with a new id. Its body and
 * what was masked in its query are not known. `undefined` for what did not come over HTTP.
 */
export function asCurl({ record }: ViewedRequest, page: OwnPage | undefined): string | undefined {
  const { kind, method, path, query, sessionId } = record;
  if (kind !== 'request' || path === undefined) return undefined;
  if (method === undefined || !TOKEN.test(method)) return undefined;
  const parameters = queryText(query).replace(MASKED, '=MASKED');
  const url = urlPath(parameters === '' ? path : `${path}?${parameters}`);
  const words = ['curl', ...methodOptions(method), shellQuote(requestOrigin(record, page) + url)];
  if (sessionId !== undefined && HEADER_VALUE.test(sessionId) && !DERIVED_SESSION.test(sessionId)) {
    words.push('-H', shellQuote(`X-Session-ID: ${sessionId}`));
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

/**
 * The command that finds the lines of a request in a log: by the id alone, as each format gives the
 * field another name.
 */
export function asGrep({ record: { requestId, traceId } }: ViewedRequest): string {
  // As it is written in JSON, without the quotes.
  const id = plainJson(requestId ?? traceId).slice(1, -1);
  return `grep -Fw -e ${shellQuote(id)} app.log`;
}

/** The command that shows the lines of a request in a log, in any format that it reads. */
export function asUntangle({ record: { requestId, traceId } }: ViewedRequest): string {
  const [option, id] = requestId === undefined ? ['trace', traceId] : ['request', requestId];
  return `npx nestjs-tracing untangle app.log --${option}=${shellQuote(escapeText(id))}`;
}
