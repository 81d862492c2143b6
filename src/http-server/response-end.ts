import type { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { definePatch } from '../instrumentation/patch.js';

const END = definePatch({
  package: 'node',
  target: 'end of each response that no HTTP connection carries',
  gives:
    'an access log line where a serverless adapter or a mock emits neither `finish` nor `close`',
  without: 'requests of such an adapter or mock have no access log line',
  why: 'some of them emit no event, so the call is all that can be noticed',
});

/**
 * Whether Node's own HTTP server carries a request. Then its response emits `close` in any case:
 * on the tick after `finish`, or with its connection. A response of a serverless adapter, of
 * `inject` or of a mock may emit `finish` alone, or nothing.
 *
 * It cannot be told by the class of the socket: adapters use real sockets that were never
 * connected, and Node's server accepts any duplex stream as a connection. But it gives each of its
 * connections a parser.
 */
export function isServed(request: IncomingMessage, response: ServerResponse): boolean {
  // Asking for the socket of an HTTP/2 stream makes a proxy of it.
  if (request.httpVersionMajor === 2) return 'stream' in response;
  return Boolean((request.socket as { parser?: unknown } | null | undefined)?.parser);
}

/**
 * Notices the end of a response that Node's HTTP server does not carry: its `finish`, its `close`,
 * or the call of its `end`, whichever comes first.
 *
 * @param onEnd called once, one tick later, as Node's server emits `close` one tick after
 * `finish`: adapters close a response from within `end()`, before it knows that it has ended.
 * `isComplete` is whether the whole response was handed over, which not all of these objects show
 * in `writableEnded`.
 */
export function noticeEnd(
  request: IncomingMessage,
  response: ServerResponse,
  onEnd: (isComplete: boolean) => void,
): void {
  let isComplete = false;
  let isEnding = false;
  const endSoon = (): void => {
    if (isEnding) return;
    isEnding = true;
    process.nextTick(() => onEnd(isComplete));
  };
  const complete = (): void => {
    isComplete = true;
    endSoon();
  };
  // A plain object may have neither events nor `end`.
  if (typeof response.once === 'function') {
    response.once('finish', complete);
    response.once('close', endSoon);
  }
  followCalls(response, () => {
    if (!finishFollows(response, response)) complete();
  });
  // Its client disconnected before the application had the request, so no event will follow.
  if (response.closed || isDisconnected(request)) endSoon();
}

/** Calls a function after each call of `end`. */
function followCalls(response: ServerResponse, onCall: () => void): void {
  const end: unknown = response.end;
  if (typeof end !== 'function') return;
  const value = function (this: unknown, ...args: unknown[]): unknown {
    const result: unknown = Reflect.apply(end, this, args);
    onCall();
    return result;
  };
  const descriptor = { value, configurable: true, enumerable: true, writable: true };
  if (Reflect.defineProperty(response, 'end', descriptor)) END.noteApplied();
  else END.unsupported('`end` cannot be replaced');
}

/** Whether a stream will emit `finish` once all is written, which may take its reader a while. */
function finishFollows({ writableEnded, socket }: ServerResponse, response: unknown): boolean {
  if (!writableEnded) return false;
  return response instanceof Writable || (socket instanceof Writable && !socket.destroyed);
}

/** Whether a connection of Node's server has closed, which took its parser away. */
function isDisconnected(request: IncomingMessage): boolean {
  const socket = request.socket as { destroyed?: unknown; parser?: unknown } | null | undefined;
  return socket?.parser === null && socket.destroyed === true;
}
