import { subscribe } from 'node:diagnostics_channel';
import type { OpenSpan } from '../context/work.js';
import { guardCallback } from '../options/guard-callback.js';
import type { Span } from '../trace/span.js';
import { endCall, openCall, targetUrl } from './client-call.js';

/** What undici tells of a request, in all its versions. */
interface UndiciRequest {
  readonly origin?: string | URL;
  readonly method: string;
  readonly path: string;
  /** A list of names and values; up to undici 6.10 the lines of the head. */
  readonly headers: string | readonly (string | Buffer | readonly string[])[];
  addHeader(name: string, value: string): unknown;
}

interface RequestMessage {
  readonly request: UndiciRequest;
}

interface ResponseMessage extends RequestMessage {
  readonly response: { readonly statusCode: number };
}

interface ErrorMessage extends RequestMessage {
  readonly error: unknown;
}

/**
 * Lets `fetch`, and every other user of undici, carry the trace. A redirect is a request of its
 * own here, so each hop is told what its own host may know.
 *
 * @see https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md
 */
export function traceUndici(openSpan: OpenSpan): void {
  const spans = new WeakMap<UndiciRequest, Span>();

  const create = guardCallback('undici:request:create', (request: UndiciRequest) => {
    const { method, path, origin = '' } = request;
    if (method === 'CONNECT') return;
    const sent = headersOf(request);
    const call = openCall(
      openSpan,
      targetUrl(method, path, String(origin)),
      sent.get('traceparent'),
    );
    if (call === undefined) return;
    if (call.span !== undefined) spans.set(request, call.span);
    for (const [name, value] of Object.entries(call.headers)) {
      if (!sent.has(name)) request.addHeader(name, value);
    }
  });
  subscribe('undici:request:create', (message) => create((message as RequestMessage).request));
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as ResponseMessage;
    spans.get(request)?.describe({ 'http.response.status_code': response.statusCode });
  });
  subscribe('undici:request:trailers', (message) => {
    const span = spans.get((message as RequestMessage).request);
    if (span !== undefined) endCall(span);
  });
  subscribe('undici:request:error', (message) => {
    const { request, error } = message as ErrorMessage;
    spans.get(request)?.fail(error);
  });
}

/** The headers that stand on a request, by their lower-case names. */
function headersOf({ headers }: UndiciRequest): Map<string, string> {
  const list = typeof headers === 'string' ? headers.split(/: |\r\n/) : headers;
  const found = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) {
    found.set(String(list[i]).toLowerCase(), String(list[i + 1]));
  }
  return found;
}
