import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { context, ROOT_CONTEXT, trace as otel, type Context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import http, { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import winston, { createLogger, transports, type Logger } from 'winston';
import { TracingLogger } from '../../../src/index.js';
import { currentTrace } from '../../../src/context/active-trace.js';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { eventually, LineSink } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';

type WinstonTransport = Logger['transports'][number];
type Next = () => void;
const { Transport } = winston as unknown as {
  Transport: new (options?: object) => WinstonTransport;
};

/** A server for log lines, which keeps the headers of what it was sent. */
async function logServer() {
  const received: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    received.push(request.headers);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`;
  return {
    received,
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The ways in which a transport may send a line. */
const WAYS: Record<string, (url: string) => (entry: object, next: Next) => unknown> = {
  fetch: (url) => async (_entry, next) => {
    await fetch(url, { method: 'POST', body: '{}' }).catch(() => {});
    next();
  },
  'http.request': (url) => (_entry, next) => {
    http
      .request(url, { method: 'POST' }, (response) => response.resume().on('end', next))
      .on('error', next)
      .end('{}');
  },
  'a timer that the first line starts': (url) => {
    let waiting: object[] = [];
    let timer: NodeJS.Timeout | undefined;
    return (entry, next) => {
      waiting.push(entry);
      timer ??= setTimeout(() => {
        timer = undefined;
        waiting = [];
        fetch(url, { method: 'POST', body: '{}' }).catch(() => {});
      }, 5);
      next();
    };
  },
};

describe.each(PLATFORMS)('what a transport does, on %s', (platform) => {
  it.each(Object.entries(WAYS))('by %s, is no step and carries no ids', async (_way, make) => {
    const { received, url, close } = await logServer();
    const shipper = new Transport();
    shipper.log = make(url);

    @Controller()
    class OrdersController {
      constructor(private readonly logger: TracingLogger) {}

      @Get('orders')
      async list(): Promise<never> {
        this.logger.log('Listing');
        await sleep(20);
        throw new Error('the shelf is empty');
      }
    }
    const sink = new LineSink();
    const logger = createLogger({
      format: traceJson(),
      transports: [new transports.Stream({ stream: sink }), shipper],
    });
    const { send } = await tracedApp(platform, sink)
      .with({ logger })
      .of({ controllers: [OrdersController] })
      .start();
    received.length = 0;
    const ids = ['r-1', 'r-2', 'r-3', 'r-4'];
    await Promise.all(
      ids.map((id) => send('/orders', { headers: { 'x-request-id': id, 'x-session-id': 's' } })),
    );
    const lines = await sink.finishes(ids.length);
    await eventually(() => received.length > 0, 'a push');
    close();

    expect(lines.map(({ request_id }) => request_id).toSorted()).toEqual(ids);
    for (const { steps } of lines) expect(JSON.stringify(steps ?? [])).not.toContain('/push');
    for (const headers of received) {
      expect(headers).not.toHaveProperty('x-request-id');
      expect(headers).not.toHaveProperty('x-session-id');
      expect(headers).not.toHaveProperty('traceparent');
    }
  });
});

describe('the context of a transport', () => {
  const { policy } = resolveOptions();
  const inTrace = (requestId: string, fn: () => void): void =>
    runWithTrace(openTrace({ requestId }, policy, { transport: 'test', startedAt: 0 }), fn);

  it('is none of the traces, also for entries that have waited', async () => {
    const seen: unknown[] = [];
    const waiting: Next[] = [];
    const transport = new Transport();
    transport.log = (_entry: object, next: Next) => {
      seen.push(currentTrace()?.requestId);
      waiting.push(next);
    };
    const logger = traceLogger(createLogger({ format: traceJson(), transports: transport }));
    for (const id of ['r-1', 'r-2', 'r-3']) inTrace(id, () => logger.info(id));
    // A pool that is shared calls back in the context of another request.
    while (waiting.length > 0) inTrace('r-4', waiting.shift()!);
    expect(seen).toEqual([undefined, undefined, undefined]);
  });

  it.each<[string, (logger: Logger, note: (entry: unknown) => void) => unknown]>([
    ['a listener of the logger', (logger, note) => logger.on('data', note)],
    [
      'a stream that the logger is piped to',
      (logger, note) =>
        logger.pipe(
          new Writable({ objectMode: true, write: (entry, _, next) => (note(entry), next()) }),
        ),
    ],
  ])('is that of %s too', async (_what, attach) => {
    const seen: unknown[] = [];
    const sink = new LineSink();
    const transport = new transports.Stream({ stream: sink });
    const logger = traceLogger(createLogger({ format: traceJson(), transports: transport }));
    attach(logger, () => seen.push(currentTrace()?.requestId));
    for (const id of ['r-1', 'r-2']) inTrace(id, () => logger.info(id));
    await eventually(() => seen.length === 2, 'two entries');
    expect(seen).toEqual([undefined, undefined]);
    expect(sink.lines.map((line) => line.request_id)).toEqual(['r-1', 'r-2']);
  });

  it('has no active span of OpenTelemetry, except where the transport is made to read it', () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    try {
      const seen: Record<string, unknown> = {};
      const spanOf = (active: Context) => otel.getSpanContext(active)?.spanId;
      class OpenTelemetryTransportV3 extends Transport {
        override log(_entry: object, next: Next): void {
          seen['OpenTelemetry’s own'] = spanOf(context.active());
          next();
        }
      }
      class Shipper extends Transport {
        override log(_entry: object, next: Next): void {
          seen['another'] = spanOf(context.active());
          next();
        }
      }
      const logger = traceLogger(
        createLogger({ transports: [new OpenTelemetryTransportV3(), new Shipper()] }),
      );
      const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: '00f067aa0ba902b7' };
      const active = otel.setSpanContext(ROOT_CONTEXT, { ...span, traceFlags: 1 });
      context.with(active, () => inTrace('r-1', () => logger.info('paid')));
      expect(seen).toEqual({ 'OpenTelemetry’s own': span.spanId, another: undefined });
    } finally {
      context.disable();
    }
  });
});
