import { afterEach, expect } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { w3cTraceId, type Found } from './overlapping-requests.js';

interface ReceivedCall {
  readonly n: number;
  readonly headers: IncomingHttpHeaders;
}

const running: Upstream[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((upstream) => upstream.stop()));
});

/** A service behind the application, which notes the headers that it is sent. */
export class Upstream {
  readonly calls: ReceivedCall[] = [];

  private constructor(private readonly server: Server) {
    // The last part of the path is the number of the request that calls.
    server.on('request', ({ url = '', headers }, response) => {
      const n = Number(/(\d+)(?:\?|$)/.exec(url)?.[1]);
      this.calls.push({ n, headers });
      setTimeout(() => response.end(JSON.stringify({ n })), Math.random() * 5);
    });
  }

  static async start(): Promise<Upstream> {
    const server = createServer();
    const upstream = new Upstream(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    running.push(upstream);
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Each of these requests has called once, with its own ids and a span of its own. */
export function expectCallsOf({ answers, finished }: Found, { calls }: Upstream): void {
  const spans = new Set<string | undefined>(finished.map(({ span_id }) => span_id));
  const callers = new Map(answers.map((answer) => [answer.n, answer]));
  const wrong = calls.filter(({ n, headers }) => {
    const caller = callers.get(n);
    if (caller === undefined) return true;
    const [, traceId, spanId] = String(headers.traceparent).split('-');
    const isNew = !spans.has(spanId);
    spans.add(spanId);
    const isItsOwn =
      headers['x-request-id'] === caller.requestId && traceId === w3cTraceId(caller.traceId);
    return !isItsOwn || !isNew;
  });
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(calls.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(answers.map(({ n }) => n));
}
