import type { ServerResponse } from 'node:http';

/** A collector that is not as it should be. */
export interface CollectorAttack {
  readonly name: string;
  /** What it does with a request, whose body it has read. `undefined`: nothing listens there. */
  readonly answer: ((response: ServerResponse, count: number) => void) | undefined;
  /** What the application sends. Default: 600 lines. */
  readonly lines?: number;
  /** Of each line. Default: 60. */
  readonly bytes?: number;
  /** Whether all of the lines have to arrive. Default: none has to. */
  readonly arrives?: boolean;
}

const ok = (response: ServerResponse): void => void response.end('{}');
const later = (ms: number) => (response: ServerResponse) => void setTimeout(() => ok(response), ms);
const JSON_TYPE = { 'content-type': 'application/json' };

export const COLLECTOR_ATTACKS: readonly CollectorAttack[] = [
  { name: 'takes everything', answer: ok, arrives: true },
  { name: 'needs a second for each request', answer: later(1000), arrives: true },
  {
    name: 'needs 600 ms for each of several requests',
    answer: later(600),
    lines: 1200,
    arrives: true,
  },
  {
    name: 'is busy once',
    answer: (response, count) => (count === 1 ? void response.writeHead(503).end() : ok(response)),
    arrives: true,
  },
  { name: 'refuses connections', answer: undefined },
  { name: 'never answers', answer: () => {} },
  { name: 'never answers, long lines', answer: () => {}, lines: 2500, bytes: 200_000 },
  { name: 'never answers, very long lines', answer: () => {}, lines: 60, bytes: 5_000_000 },
  { name: 'never answers, many short lines', answer: () => {}, lines: 50_000, bytes: 20 },
  { name: 'refuses connections, long lines', answer: undefined, lines: 2500, bytes: 200_000 },
  { name: 'closes each connection', answer: (response) => void response.destroy() },
  {
    name: 'sends half an answer',
    answer: (response) => void response.writeHead(200, { 'content-length': 9 }).write('{'),
  },
  {
    name: 'sends an endless answer',
    answer: (response) => {
      response.writeHead(200, JSON_TYPE);
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 5);
      response.on('close', () => clearInterval(timer));
    },
  },
  { name: 'says 503 for ever', answer: (response) => void response.writeHead(503).end() },
  {
    name: 'asks to wait for a day',
    answer: (response) => void response.writeHead(429, { 'retry-after': '86400' }).end(),
  },
  { name: 'says 400', answer: (response) => void response.writeHead(400).end('no') },
  {
    name: 'redirects to itself',
    answer: (response) => void response.writeHead(307, { location: '/v1/logs' }).end(),
  },
  {
    name: 'answers with something else',
    answer: (response) => void response.writeHead(200, JSON_TYPE).end('<html>'),
  },
];
