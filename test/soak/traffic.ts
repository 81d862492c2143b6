import type { Outcome } from '../../src/records/fields.js';
import type { Introduction } from './introductions.js';

// What is sent, and what has to be found in the log for it.

/** A unit of work with an access log line: a request, or a run inside one. */
export interface UnitOfWorkKind {
  readonly name: string;
  readonly outcome: Outcome;
  readonly level: 'info' | 'warn' | 'error';
  /** The number of its lines, not counting the access log line. */
  readonly lines: number;
  readonly handler?: string;
  /** Missing when the client disconnects before it has one. */
  readonly status?: number;
  /** What the spans of a failed one are called. */
  readonly steps?: readonly string[];
}

export interface RequestKind extends UnitOfWorkKind {
  readonly method: string;
  /** The first part of its path; its number is the last. */
  readonly path: string;
  readonly body?: (seq: number) => string;
  /** Header lines, each ended by `\r\n`. */
  readonly headers?: string;
  /** What its handler does on its behalf, under the next number. */
  readonly inner?: InnerKind;
}

interface InnerKind extends UnitOfWorkKind {
  /** Whether it goes by the ids of the request around it. */
  readonly sharesIds: boolean;
}

/** How a client behaves. */
type Manner = 'stays' | 'leaves' | 'leaves amid the answer' | 'sees the answer break';

/** Requests that are written to a connection at once, and what the client does then. */
export interface Play {
  readonly requests: readonly RequestKind[];
  readonly manner: Manner;
  /** How often it is played, compared with others. */
  readonly weight: number;
}

/** What the log has to say of it. */
type Expected = Omit<UnitOfWorkKind, 'name'>;

const completed = { outcome: 'completed', level: 'info', status: 200 } as const;
const refused = { outcome: 'completed', level: 'warn' } as const;
const errored = { outcome: 'errored', level: 'error', status: 500 } as const;
const aborted = { outcome: 'aborted', level: 'info' } as const;

const JSON_TYPE = 'Content-Type: application/json\r\n';
const PREFLIGHT = 'Origin: http://shop.test\r\nAccess-Control-Request-Method: POST\r\n';
const BEYOND_LIMIT = 20_000;

const pay = get('success', 'pay', { ...completed, lines: 3, handler: 'pay' });
const ping: RequestKind = {
  ...get('HEAD', 'ping', { ...completed, lines: 1, handler: 'ping' }),
  method: 'HEAD',
};
const order = post('a body that is read', orderOf, {
  ...completed,
  status: 201,
  lines: 2,
  handler: 'order',
});
const call: RequestKind = {
  ...get('a call to itself', 'calls', { ...completed, lines: 2, handler: 'call' }),
  inner: { ...pay, name: 'the call that it gets', sharesIds: true },
};
const run: RequestKind = {
  ...get('a run inside', 'runs', { ...completed, lines: 2, handler: 'run' }),
  inner: { name: 'the run', outcome: 'completed', level: 'info', lines: 2, sharesIds: false },
};
const broken = get('the handler throws', 'broken', {
  ...errored,
  lines: 2,
  handler: 'broken',
  steps: ['charge'],
});
const conflict = get('HttpException 409', 'conflict', {
  ...refused,
  status: 409,
  lines: 1,
  handler: 'conflict',
});
const unavailable = get('HttpException 503', 'unavailable', {
  ...errored,
  status: 503,
  lines: 1,
  handler: 'unavailable',
});
const nowhere = get('404', 'nowhere', { ...refused, status: 404, lines: 0 });
const guarded = get('the guard refuses', 'guarded', {
  ...refused,
  status: 403,
  lines: 1,
  handler: 'guarded',
});
const piped = get('the pipe refuses', 'piped', {
  ...refused,
  status: 400,
  lines: 1,
  handler: 'piped',
});
const malformed = post('malformed JSON', () => '{"seq":', { ...refused, status: 400, lines: 0 });
const tooLarge = post('413', () => `"${'x'.repeat(BEYOND_LIMIT)}"`, {
  ...refused,
  status: 413,
  lines: 0,
});
const preflight: RequestKind = {
  ...get('CORS preflight', 'orders', { ...completed, status: 204, lines: 0 }),
  method: 'OPTIONS',
  headers: PREFLIGHT,
};
const middleware = get('a middleware throws', 'middleware', { ...errored, lines: 1 });
const wait = get('left before the answer', 'waits', { ...aborted, lines: 3, handler: 'wait' });
const pipelinedWait: RequestKind = { ...wait, name: 'left while pipelined' };
const file = get('a streamed file', 'files', { ...completed, lines: 1, handler: 'file' });
const endlessFile = get('a file that is left amid', 'endless-files', {
  ...aborted,
  status: 200,
  lines: 2,
  handler: 'endlessFile',
});
const tornFile = get('a file that breaks', 'torn-files', {
  ...errored,
  status: 200,
  lines: 2,
  handler: 'tornFile',
});
const events = get('SSE to its end', 'events', { ...completed, lines: 2, handler: 'events' });
const endlessEvents = get('SSE that is left', 'endless-events', {
  ...aborted,
  status: 200,
  lines: 2,
  handler: 'endlessEvents',
});

/** Of a whole soak: every kind that has its row in what a user is promised. */
export const PLAYS: readonly Play[] = [
  ...[pay, pay, pay, order, call, run].map((kind) => alone(kind, 'stays', 4)),
  ...[ping, broken, conflict, unavailable, nowhere, guarded, piped, malformed].map((kind) =>
    alone(kind, 'stays', 2),
  ),
  ...[tooLarge, preflight, middleware, file, events].map((kind) => alone(kind, 'stays', 2)),
  { requests: [pay, nowhere, broken, order], manner: 'stays', weight: 2 },
  { requests: [call, file, pay, guarded, ping, events], manner: 'stays', weight: 1 },
  { requests: [pipelinedWait, pipelinedWait], manner: 'leaves', weight: 1 },
  alone(wait, 'leaves', 2),
  alone(endlessFile, 'leaves amid the answer', 2),
  alone(endlessEvents, 'leaves amid the answer', 2),
  alone(tornFile, 'sees the answer break', 2),
];

/** All that there is to be found, each once. */
export const WORK_KINDS: readonly UnitOfWorkKind[] = [
  ...new Set<UnitOfWorkKind>(
    PLAYS.flatMap(({ requests }) => requests).flatMap((kind) =>
      kind.inner === undefined ? [kind] : [kind, kind.inner],
    ),
  ),
];

/** Those that leave their connection open: over it, hundreds of requests follow each other. */
export const STEADY_PLAYS: readonly Play[] = PLAYS.filter(
  ({ requests, manner }) => manner === 'stays' && !requests.includes(tooLarge),
);

/** The text of a request, as it goes over the wire. */
export function requestText(kind: RequestKind, seq: number, by: Introduction): string {
  const { method, path, inner, body, headers = '' } = kind;
  const numbers = inner === undefined ? `${seq}` : `${seq + 1}/${seq}`;
  const target = `/${path}/${numbers}${by.query ?? ''}`;
  const content = body?.(seq);
  const length = content === undefined ? '' : `Content-Length: ${content.length}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: soak\r\n${by.headers}${headers}${length}\r\n${content ?? ''}`;
}

function get(name: string, path: string, expected: Expected): RequestKind {
  return { name, method: 'GET', path, ...expected };
}

function post(name: string, body: (seq: number) => string, expected: Expected): RequestKind {
  return { name, method: 'POST', path: 'orders', headers: JSON_TYPE, body, ...expected };
}

function alone(kind: RequestKind, manner: Manner, weight: number): Play {
  return { requests: [kind], manner, weight };
}

function orderOf(seq: number): string {
  return JSON.stringify({ seq: String(seq), items: ['tea', 'milk'] });
}
