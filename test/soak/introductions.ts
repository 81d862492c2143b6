import { createHash } from 'node:crypto';

/** What no log line and no answer may hold. */
export const SECRET = 'secret-of-';

/** The ids of one request. Those that are missing are the server's to make. */
export interface Ids {
  trace_id?: string;
  request_id?: string;
  session_id?: string;
}

/** How a client names itself. */
export interface Introduction {
  /** Header lines, each ended by `\r\n`. */
  readonly headers: string;
  /** With its question mark. */
  readonly query?: string;
  readonly ids: Ids;
  /** The caller's span, where it names one. */
  readonly parentSpanId?: string;
}

type Introduce = (seq: number) => Introduction;

const SHARED_IDS = 8;

const INTRODUCTIONS: readonly Introduce[] = [
  () => ({ headers: '', ids: {} }),
  (seq) => {
    const id = `request-${seq}`;
    return { headers: `X-Request-ID: ${id}\r\n`, ids: { request_id: id, trace_id: id } };
  },
  // Several are in flight with the same id, and stay several.
  (seq) => {
    const id = `shared-${seq % SHARED_IDS}`;
    return { headers: `X-Request-ID: ${id}\r\n`, ids: { request_id: id, trace_id: id } };
  },
  (seq) => {
    const { traceparent, traceId, parentSpanId } = w3c(seq);
    return { headers: `traceparent: ${traceparent}\r\n`, ids: { trace_id: traceId }, parentSpanId };
  },
  (seq) => {
    const { traceparent, traceId, parentSpanId } = w3c(seq);
    const ids = {
      trace_id: traceId,
      request_id: `request-${seq}`,
      session_id: `session-${seq % 100}`,
    };
    const headers =
      `traceparent: ${traceparent}\r\ntracestate: soak=${seq}\r\n` +
      `X-Request-ID: ${ids.request_id}\r\nX-Session-ID: ${ids.session_id}\r\n`;
    return { headers, ids, parentSpanId };
  },
  (seq) => {
    const token = `${SECRET}${seq}`;
    const digest = createHash('sha256').update(token).digest('hex').slice(0, 16);
    return { headers: `Authorization: Bearer ${token}\r\n`, ids: { session_id: `tok_${digest}` } };
  },
  (seq) => {
    const id = `session-${seq}`;
    return { headers: '', query: `?page=2&session_id=${id}`, ids: { session_id: id } };
  },
  // None of these is valid, so none of them is adopted.
  (seq) => ({
    headers:
      `X-Request-ID: ${seq} and more\r\nX-Session-ID: "${seq}"\r\n` +
      `traceparent: 00-${'0'.repeat(32)}-${hex(seq, 16)}-01\r\n`,
    ids: {},
  }),
  (seq) => ({
    headers: `X-Request-ID: one-${seq}\r\nX-Request-ID: two-${seq}\r\n`,
    ids: {},
  }),
];

/** One of the ways in which clients identify themselves. */
export function introductionOf(seq: number): Introduction {
  return INTRODUCTIONS[Math.floor(Math.random() * INTRODUCTIONS.length)]!(seq);
}

function w3c(seq: number): { traceparent: string; traceId: string; parentSpanId: string } {
  const traceId = `feed${hex(seq, 28)}`;
  const parentSpanId = `cafe${hex(seq, 12)}`;
  return { traceparent: `00-${traceId}-${parentSpanId}-01`, traceId, parentSpanId };
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
