import { validateHeaderValue, type ClientRequest, type IncomingMessage } from 'node:http';
import { definePatch } from '../instrumentation/patch.js';
import type { Connecting } from './connecting-agents.js';
import { headerIn, withHeader, withoutHeader } from './raw-head.js';

export const FINISHED_HEAD = definePatch({
  package: 'node',
  target: 'ClientRequest._header, ClientRequest.outputData',
  gives: 'trace headers on calls whose headers were given as a list',
  without: 'calls whose headers were given as a list carry no trace headers',
  why: 'such a head is finished before the request is returned, and `setHeader` refuses it',
});

/** What Node keeps on a request besides what its types say. */
export interface SentRequest extends ClientRequest {
  readonly res?: IncomingMessage | null;
  /** The head as it goes out; empty while headers may still be set. */
  _header: string | null;
  /** What waits for a connection. */
  readonly outputData?: { data: unknown }[];
  readonly agent?: Connecting;
}

export function removeHeader(request: SentRequest, name: string): void {
  const { _header: head } = request;
  if (head) replaceHead(request, withoutHeader(head, name));
  else if (!request.headersSent) request.removeHeader(name);
}

export function headerOf(request: SentRequest, name: string): string | undefined {
  const value = request.getHeader(name);
  if (value !== undefined) return Array.isArray(value) ? value.join(', ') : String(value);
  return request._header ? headerIn(request._header, name) : undefined;
}

/**
 * Headers that were given as a list are a finished head from the start. With `Expect` that head
 * even waits for the connection already. None of it is sent before the caller has the request.
 */
export function addHeader(request: SentRequest, name: string, value: string): void {
  const { _header: head } = request;
  if (!head && !request.headersSent) {
    request.setHeader(name, value);
    return;
  }
  validateHeaderValue(name, value);
  replaceHead(request, typeof head === 'string' ? withHeader(head, name, value) : '');
}

function replaceHead(request: SentRequest, changed: string): void {
  const { _header: head, outputData } = request;
  if (typeof head !== 'string' || !Array.isArray(outputData)) {
    FINISHED_HEAD.unsupported('it has no `_header` or no `outputData`');
    return;
  }
  request._header = changed;
  const first = outputData[0];
  // A short body waits with the head, in one text.
  if (typeof first?.data === 'string' && first.data.startsWith(head)) {
    first.data = changed + first.data.slice(head.length);
  }
}
