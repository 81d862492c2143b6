import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RUN_UNIT_OF_WORK, type RunUnitOfWork } from '../../src/context/unit-of-work.js';
import type { TracingModuleOptions } from '../../src/index.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

const CODE = 'TRACING_LATE_FAILURE';

/** A server that answers once it is released. */
class Receiver {
  readonly waiting: (() => void)[] = [];
  private readonly server: Server = createServer((_request, response) => {
    this.waiting.push(() => {
      if (this.status === undefined) response.destroy();
      else response.writeHead(this.status).end();
    });
  });
  url = '';

  /** @param status of its answers; `undefined`: it closes the connection. */
  constructor(private readonly status: number | undefined) {}

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/mails/send`;
    return this;
  }

  async release(count: number): Promise<void> {
    await eventually(() => this.waiting.length >= count, `${count} requests`);
    for (const answer of this.waiting.splice(0)) answer();
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function started(
  platform: Platform,
  receiver: Receiver,
  options: TracingModuleOptions = {},
): Promise<TracedApp> {
  const controller = new AbortController();
  @Controller()
  class OrdersController {
    @Get('orders/:id')
    order(): string {
      fetch(receiver.url).catch(() => undefined);
      return 'ordered';
    }

    @Get('cancelled')
    cancelled(): string {
      fetch(receiver.url, { signal: controller.signal }).catch(() => undefined);
      setImmediate(() => controller.abort());
      return 'cancelled';
    }

    @Get('awaited')
    async awaited(): Promise<string> {
      await fetch(receiver.url).catch(() => undefined);
      return 'served from elsewhere';
    }
  }
  return tracedApp(platform)
    .with(options)
    .of({ controllers: [OrdersController] })
    .start();
}

const warnings = ({ sink }: TracedApp) => sink.lines.filter(({ code }) => code === CODE);

describe.each(PLATFORMS)('a call that fails after its request has ended, on %s', (platform) => {
  it.each([
    ['without an answer', undefined, { error: expect.stringMatching(/^SocketError: /) }],
    ['with a status', 503, { status: 503 }],
  ])('is a warning with the ids of the request: %s', async (_how, status, failure) => {
    const receiver = await new Receiver(status).start();
    try {
      const app = await started(platform, receiver);
      await app.send('/orders/canary-1');
      await app.sink.finishes(1);
      expect(warnings(app)).toEqual([]);
      await receiver.release(1);
      await eventually(() => warnings(app).length === 1, 'a warning');

      const host = new URL(receiver.url).host;
      expect(warnings(app)).toEqual([
        expect.objectContaining({
          level: 'warn',
          message: `GET ${host}/mails/send failed after its request had ended`,
          request_id: app.sink.finished[0]?.request_id,
          step: `GET ${host}/mails/send`,
          route: 'GET /orders/:id',
          duration_ms: expect.any(Number),
          ...failure,
        }),
      ]);
      expect(JSON.stringify(warnings(app))).not.toContain('canary');
    } finally {
      receiver.stop();
    }
  });

  it('is written once a minute for each step of a route', async () => {
    const receiver = await new Receiver(500).start();
    try {
      const app = await started(platform, receiver);
      await Promise.all(Array.from({ length: 20 }, (_, n) => app.send(`/orders/${n}`)));
      await app.sink.finishes(20);
      await receiver.release(20);
      await eventually(() => warnings(app).length > 0, 'a warning');
      await app.send('/orders/last');
      await receiver.release(1);
      await app.sink.finishes(21);
      expect(warnings(app)).toHaveLength(1);
    } finally {
      receiver.stop();
    }
  });

  it('is none where the application has cancelled it, where it was awaited, or without an access log', async () => {
    const receiver = await new Receiver(500).start();
    try {
      const app = await started(platform, receiver);
      const quiet = await started(platform, receiver, { accessLog: false });
      await app.send('/cancelled');
      await quiet.send('/orders/1');
      const awaited = app.send('/awaited');
      await receiver.release(2);
      await awaited;
      await app.sink.finishes(2);
      // The calls that are left have failed before this one.
      await app.send('/orders/2');
      await receiver.release(1);
      await eventually(() => warnings(app).length > 0, 'a warning');
      expect(warnings(app).map(({ route }) => route)).toEqual(['GET /orders/:id']);
      expect(warnings(quiet)).toEqual([]);
    } finally {
      receiver.stop();
    }
  });
});

describe('a call that fails after its job has ended', () => {
  it('is named by the queue of the job, in its own log', async () => {
    const receiver = await new Receiver(undefined).start();
    try {
      const app = await started('express', receiver);
      const run = app.app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
      const work = { kind: 'job', transport: 'bullmq', fields: { queue: 'mail' } } as const;
      run(work, () => {
        fetch(receiver.url).catch(() => undefined);
      });
      await receiver.release(1);
      await eventually(() => warnings(app).length === 1, 'a warning');
      const [line] = app.sink.linesOf('Job finished');
      expect(warnings(app)[0]).toMatchObject({ route: 'mail', request_id: line?.request_id });
      expect(warnings(app)[0]?.message).toMatch(/failed after its job had ended$/);
    } finally {
      receiver.stop();
    }
  });
});
