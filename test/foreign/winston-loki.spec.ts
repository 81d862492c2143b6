import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, InternalServerErrorException, Logger, Param } from '@nestjs/common';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, format, transports } from 'winston';
import LokiTransport from 'winston-loki';
import { traceFormat, traceJson, TraceContext } from '../../src/index.js';
import { eventually, LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { idsOf, overlapRequests, pause, say } from './overlapping-requests.js';

interface PushedStream {
  readonly stream: Record<string, string>;
  readonly values: readonly (readonly [timestamp: string, line: string])[];
}

/** Takes what is pushed to `/loki/api/v1/push`, in JSON. */
class LokiReceiver {
  readonly streams: PushedStream[] = [];
  readonly headers: IncomingHttpHeaders[] = [];

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        this.headers.push(request.headers);
        this.streams.push(...(JSON.parse(text) as { streams: PushedStream[] }).streams);
        response.writeHead(204).end();
      });
    });
  }

  static async start(): Promise<LokiReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new LokiReceiver(server);
  }

  get host(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get lines(): string[] {
    return this.streams.flatMap(({ values }) => values.map(([, line]) => line));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const logger = new Logger('Orders');

@Controller()
class OrdersController {
  constructor(private readonly trace: TraceContext) {}

  @Get('orders/:n')
  async list(@Param('n') n: string): Promise<void> {
    this.trace.set('own', `own-${n}`);
    say(n, 'listing');
    await this.trace.span('charge', async () => {
      await pause();
      say(n, 'charging');
    });
    const error = new Error('no connection', { cause: new Error(`order ${n} was not charged`) });
    logger.error('charging has failed', { n: Number(n), error });
    throw new InternalServerErrorException();
  }
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const FORMATS = {
  'traceJson()': () => traceJson({ service: 'shop' }),
  'traceFormat() among others': () =>
    format.combine(traceFormat(), format.timestamp(), format.json()),
};

/** The lines of requests, by their messages. */
const OWN_LINE = /^(?:listing|charging|charging has failed|Request finished) /;

/** What a line of the transport holds behind its message: the fields of the entry. */
function fieldsOf(line: string): Record<string, unknown> {
  const at = line.indexOf('{');
  return at === -1 ? {} : (JSON.parse(line.slice(at)) as Record<string, unknown>);
}

describe.each(PLATFORMS)('winston-loki on %s', (platform) => {
  it.each([
    ['traceJson()', 'pushed one by one', false],
    ['traceJson()', 'pushed in batches', true],
    ['traceFormat() among others', 'pushed one by one', false],
  ] as const)('gets the ids with %s, %s', async (name, _, batching) => {
    const receiver = await LokiReceiver.start();
    closing.push(() => receiver.stop());
    const loki = new LokiTransport({
      host: receiver.host,
      json: true,
      batching,
      interval: 0.05,
      labels: { app: 'shop' },
      gracefulShutdown: false,
    });
    closing.push(() => loki.close?.());
    const sink = new LineSink();
    const winston = createLogger({
      format: FORMATS[name](),
      transports: [loki, new transports.Stream({ stream: sink })],
    });
    const app = await tracedApp(platform, sink)
      .with({ logger: winston })
      .of({ controllers: [OrdersController] })
      .start();
    const found = await overlapRequests(app, {
      path: (n) => `/orders/${n}`,
      status: () => 500,
      lines: () => 3,
    });
    const count = found.lines.length + found.finished.length;
    const pushed = (): string[] => receiver.lines.filter((line) => OWN_LINE.test(line));
    await eventually(() => pushed().length >= count, `${count} lines at the receiver`);
    await sleep(50);

    expect(pushed()).toHaveLength(count);
    const wrong = pushed().filter((line) => {
      const { n, path, request_id, trace_id, session_id } = fieldsOf(line);
      const ids = idsOf(Number(n ?? /\d+/.exec(String(path))?.[0]));
      return (
        request_id !== ids.requestId || trace_id !== ids.traceId || session_id !== ids.sessionId
      );
    });
    expect(wrong.slice(0, 3)).toEqual([]);
    const errors = pushed().filter((line) => line.startsWith('charging has failed'));
    expect(errors).toHaveLength(found.answers.length);
    const withoutCause = errors.filter((line) => {
      const { n } = fieldsOf(line);
      return (
        !line.includes('no connection') || !line.includes(`order ${String(n)} was not charged`)
      );
    });
    expect(withoutCause.slice(0, 3)).toEqual([]);
    for (const { stream } of receiver.streams) expect(stream).toMatchObject({ app: 'shop' });
    expectNothingOfTheShipping(receiver, found.finished);
  });
});

/** Shipping a line is no part of the request that wrote it. */
function expectNothingOfTheShipping({ headers }: LokiReceiver, finished: readonly Line[]): void {
  const sent = headers.filter(
    (one) => 'traceparent' in one || 'x-request-id' in one || 'x-session-id' in one,
  );
  expect(sent.slice(0, 3)).toEqual([]);
  const steps = finished.flatMap(({ steps }) => steps as { name: string }[]);
  const names = new Set(steps.map(({ name }) => name));
  expect([...names].filter((name) => name.includes('POST') || name.includes('loki'))).toEqual([]);
  expect([...names]).toContain('charge');
}
