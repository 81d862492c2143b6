import { INGRESS_ATTACKS } from './ingress-attacks.js';
import { head } from './raw-request.js';

/** What a lane does next. */
export interface Move {
  readonly text: string;
  /** Whether the client closes the connection instead of waiting. */
  readonly leaves?: boolean;
  readonly isHeadOnly?: boolean;
}

type Make = (seq: number) => Move;

/** Rows of one request each, on a connection that is kept where the server keeps it. */
const INGRESS: readonly Move[] = INGRESS_ATTACKS.filter(
  ({ bytes, name }) =>
    typeof bytes === 'string' &&
    bytes.includes('\r\nConnection: close\r\n\r\n') &&
    !/pipelined|smuggling|chunk|trailers|upgrade|expectation/.test(name),
).map(({ bytes }) => ({
  text: String(bytes).replace('\r\nConnection: close', ''),
  isHeadOnly: String(bytes).startsWith('HEAD'),
}));

const post = (path: string, body: string): string => {
  const length = `Content-Length: ${Buffer.byteLength(body, 'latin1')}`;
  return `${head('POST', path, 'Content-Type: application/json', length)}${body}`;
};

/** Whatever a caller chooses is another one in each request: nothing of it may be kept. */
const MOVES: readonly Make[] = [
  (seq) => ({ text: head('GET', '/', `X-Request-ID: r-${seq}`, `X-Session-ID: s-${seq}`) }),
  (seq) => ({ text: head('GET', `/?page=${seq}&session_id=q-${seq}`, 'User-Agent: mix') }),
  (seq) => ({ text: head('GET', '/', `Authorization: Bearer token-${seq}`, `Cookie: sid=${seq}`) }),
  (seq) => ({
    text: head(
      'GET',
      '/',
      `traceparent: 00-feed${hex(seq, 28)}-cafe${hex(seq, 12)}-01`,
      `tracestate: k${seq}=${seq}`,
      `baggage: k${seq}=v`,
    ),
  }),
  (seq) => INGRESS[seq % INGRESS.length]!,
  (seq) => INGRESS[(seq * 7) % INGRESS.length]!,
  (seq) => ({ text: head('GET', `/entries/${seq}`) }),
  (seq) => ({ text: head('GET', `/fails/Name${seq}`) }),
  (seq) => ({ text: head('GET', `/none-${seq}/${'x'.repeat(seq % 2000)}`) }),
  (seq) => ({
    text: post(
      '/bodies',
      JSON.stringify({
        [`key-${seq}`.padEnd(seq % 4000, 'k')]: `value-${seq}`,
        [`password-${seq}`]: 'x',
      }),
    ),
  }),
  (seq) => ({
    text: post(
      '/bodies',
      `{"__proto__":{"a":${seq}},"request_id":"forged-${seq}","trace_id":${seq}}`,
    ),
  }),
  (seq) => ({ text: post('/bodies', `{"cut":${seq}`) }),
  () => ({ text: head('GET', '/waits'), leaves: true }),
  (seq) => ({ text: post('/bodies', '"x"').slice(0, -1 - (seq % 3)), leaves: true }),
];

/** The move with this number. */
export function moveOf(seq: number): Move {
  return MOVES[seq % MOVES.length]!(Math.floor(seq / MOVES.length));
}

function hex(number: number, digits: number): string {
  return (number + 1).toString(16).padStart(digits, '0');
}
