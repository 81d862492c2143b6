import type { Step } from 'nestjs-tracing';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Transport } from '@nestjs/microservices';
import { PATTERNS } from '../../sample-app/src/contracts/patterns.js';
import type { Charge, Payment } from '../../sample-app/src/contracts/payment.js';
import { createAdapter } from '../../sample-app/src/gateway/platform.js';
import { freePorts } from '../../sample-app/src/system/free-ports.js';
import { eventually, type Line } from '../support/line-sink.js';
import type { ServiceProcess } from '../support/service-process.js';
import { PLATFORMS } from '../support/traced-app.js';
import { SampleServices } from './sample-services.js';

const SESSION = 'abc12345-of-alice';
const START_MS = 30_000;

let requests = 0;

/** Replaces the payments worker, whose own tests are elsewhere. */
@Controller()
class WorkerStub {
  @MessagePattern(PATTERNS.charge)
  charge(): Omit<Charge, keyof Payment> {
    return { chargeId: 'charge-1', gatewayMs: 400 };
  }
}

@Module({ controllers: [WorkerStub] })
class WorkerStubModule {}

let worker: INestMicroservice;
let services: SampleServices;

beforeAll(async () => {
  services = await SampleServices.start([]);
  worker = await NestFactory.createMicroservice(WorkerStubModule, {
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: services.port('WORKER_MESSAGES_PORT') },
    logger: false,
  });
  await worker.listen();
});

afterAll(async () => {
  await services.stop();
  await worker.close();
});

describe.each(PLATFORMS)('the payments gateway on %s', (platform) => {
  let gateway: ServiceProcess;
  let url: string;
  /** The first to ask for messages creates it. */
  let hasMailbox = false;

  beforeAll(async () => {
    const { GATEWAY_PORT = '' } = await freePorts();
    gateway = await services.add('gateway', { PLATFORM: platform, GATEWAY_PORT });
    url = `http://127.0.0.1:${GATEWAY_PORT}`;
  }, START_MS);

  /** All lines of a request, once it has finished. */
  const finishedLinesOf = async (requestId: string): Promise<Line[]> => {
    const lines = () => gateway.lines.filter((line) => line.request_id === requestId);
    await eventually(() => lines().some(isAccessLogLine), `the access log line of ${requestId}`);
    return lines();
  };

  const call = async (
    method: string,
    path: string,
    { body, headers }: { body?: object; headers?: Record<string, string> } = {},
  ) => {
    const requestId = `${platform}-${++requests}`;
    const response = await fetch(url + path, {
      method,
      headers: {
        'X-Request-ID': requestId,
        ...(body && { 'Content-Type': 'application/json' }),
        ...(headers ?? { 'X-Session-ID': SESSION }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    const lines = await finishedLinesOf(requestId);
    return { requestId, response, answer, lines, finish: lines.at(-1) };
  };

  const messagesOf = (lines: readonly Line[]) => lines.map(({ message }) => message);

  it('takes a payment, and logs it with the ids of its request and session', async () => {
    const body = { user: 'Alice', amount: 42 };
    const { requestId, response, answer, lines, finish } = await call('POST', '/api/payment', {
      body,
    });

    expect(response.status).toBe(201);
    expect(response.headers.get('X-Request-ID')).toBe(requestId);
    const traceId = response.headers.get('X-Trace-ID');
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(answer).toEqual({ ...body, chargeId: 'charge-1', traceId });
    expect(new Set(lines.map(({ trace_id }) => trace_id))).toEqual(new Set([traceId]));
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'Processing payment for user Alice'],
      ['info', 'Validating payment'],
      ['warn', 'Gateway slow'],
      ['info', 'Payment complete'],
      ['info', 'Request finished'],
    ]);
    expect(new Set(lines.map(({ session_id }) => session_id))).toEqual(new Set([SESSION]));
    expect(new Set(lines.map(({ user }) => user))).toEqual(new Set(['Alice']));
    expect(finish).toMatchObject({
      route: '/api/payment',
      handler: 'PaymentController.pay',
      status_code: 201,
      outcome: 'completed',
      service: 'payments-gateway',
    });
  });

  it.each([
    ['no body', undefined],
    ['no user', { amount: 42 }],
    ['a blank user', { user: ' ', amount: 42 }],
    ['no amount', { user: 'Alice' }],
    ['an amount of 0', { user: 'Alice', amount: 0 }],
    ['a negative amount', { user: 'Alice', amount: -1 }],
    ['an amount in words', { user: 'Alice', amount: '42' }],
  ])('answers 400 to a payment with %s, before anything is processed', async (_name, body) => {
    const { response, lines } = await call('POST', '/api/payment', body && { body });

    expect(response.status).toBe(400);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'Request finished',
        handler: 'PaymentController.pay',
        status_code: 400,
      }),
    ]);
  });

  it('answers 422 to a payment over the limit, without asking the gateway', async () => {
    const body = { user: 'Alice', amount: 10_001 };
    const { response, lines } = await call('POST', '/api/payment', { body });

    expect(response.status).toBe(422);
    expect(messagesOf(lines)).toEqual([
      'Processing payment for user Alice',
      'Validating payment',
      'Request finished',
    ]);
  });

  it('shows a profile', async () => {
    const { response, answer, lines } = await call('GET', '/api/profile?user=Carol');

    expect(response.status).toBe(200);
    expect(answer).toEqual({ user: 'Carol', currency: 'EUR', total: 0 });
    expect(messagesOf(lines)).toEqual(['Loading profile', 'Profile retrieved', 'Request finished']);
  });

  it('shows on the access log line that a profile asks once for each account', async () => {
    const { answer, finish } = await call('GET', '/api/profile?user=Alice');

    expect(answer).toEqual({ user: 'Alice', currency: 'EUR', total: (29 * 30) / 2 });
    expect(finish).toMatchObject({ db_count: 31, db_ms: expect.any(Number) });
  });

  it('shows its status', async () => {
    const { response, answer, lines } = await call('GET', '/api/status');

    expect(response.status).toBe(200);
    expect(answer).toEqual({ status: 'up', uptimeSeconds: expect.any(Number) });
    expect(messagesOf(lines)).toEqual(['Status check', 'Request finished']);
  });

  it('fails on messages, and its access log line says at which step', async () => {
    const { response, answer, lines, finish } = await call('GET', '/api/messages');

    expect(response.status).toBe(500);
    expect(answer).toEqual({ statusCode: 500, message: 'Internal server error' });
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'Fetching messages'],
      ['error', 'Database timeout while fetching user messages'],
      // From the flight recorder.
      ['debug', 'Opened mailbox'],
      ['debug', 'Waiting for the archive'],
      ['error', 'Request finished'],
    ]);
    expect(finish).toMatchObject({
      handler: 'MessagesController.list',
      status_code: 500,
      outcome: 'errored',
    });
    // With its newline.
    expect(Buffer.byteLength(JSON.stringify(finish)) + 1).toBeLessThanOrEqual(4096);
    const steps = finish?.['steps'] as Step[];
    const creation = hasMailbox
      ? []
      : [
          ['BEGIN', 3, false],
          ['INSERT mailbox', 3, false],
          ['COMMIT', 3, false],
        ];
    hasMailbox = true;
    expect(steps.map(({ name, depth = 0, failed = false }) => [name, depth, failed])).toEqual([
      ['UserMiddleware.use', 0, false],
      ['MessagesController.list', 0, true],
      ['MessagesService.unread', 1, true],
      ['MessagesRepository.openMailbox', 2, false],
      ['SELECT mailbox', 3, false],
      ...creation,
      ['MessagesRepository.fetchUnread', 2, true],
      ['Archive.lockMessages', 3, false],
      ['BEGIN', 4, false],
      ['SELECT message', 3, false],
      ['UPDATE message', 3, true],
      ['ROLLBACK', 3, false],
    ]);
    expect(steps.filter(({ error }) => error).map(({ name, error }) => [name, error])).toEqual([
      ['MessagesRepository.fetchUnread', 'Error: Database timeout while fetching user messages'],
      ['UPDATE message', 'SqliteError: database is locked (SQLITE_BUSY)'],
    ]);
    expect(finish?.['error']).toMatchObject({
      message: 'Database timeout while fetching user messages',
      cause: { name: 'QueryFailedError', code: 'SQLITE_BUSY' },
    });
  });

  it('runs tasks in parallel, all of them on one request id', async () => {
    const count = 25;
    const [first, second] = await Promise.all([
      call('POST', `/api/parallel-tasks?count=${count}`),
      call('POST', `/api/parallel-tasks?count=${count}`),
    ]);
    const tasks = Array.from({ length: count }, (_, index) => `Task ${index + 1}`);

    for (const { response, answer, lines } of [first, second]) {
      expect(response.status).toBe(201);
      expect(answer).toEqual({ completed: count });
      expect(messagesOf(lines).toSorted()).toEqual(
        [
          ...tasks.flatMap((task) => [`${task} started`, `${task} done`]),
          'Request finished',
        ].toSorted(),
      );
    }
  });

  it.each(['0', '101', 'many'])('answers 400 to %s tasks', async (count) => {
    const { response } = await call('POST', `/api/parallel-tasks?count=${count}`);
    expect(response.status).toBe(400);
  });

  it('keeps twenty requests at once apart', async () => {
    const paths = ['/api/profile', '/api/messages', '/api/status', '/api/parallel-tasks'];
    const calls = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await setTimeout(index % 7);
        const path = paths[index % paths.length] ?? '';
        const session = `session-${platform}-${index}`;
        const { requestId, lines } = await call(path.endsWith('tasks') ? 'POST' : 'GET', path, {
          headers: { 'X-Session-ID': session },
        });
        return { requestId, session, lines };
      }),
    );

    expect(new Set(calls.map(({ requestId }) => requestId)).size).toBe(20);
    for (const { session, lines } of calls) {
      expect(lines.filter(isAccessLogLine)).toHaveLength(1);
      expect(new Set(lines.map(({ session_id }) => session_id))).toEqual(new Set([session]));
    }
  });

  it('refuses the event stream without a bearer token, and says which handler was meant', async () => {
    const { response, lines } = await call('GET', '/api/events');

    expect(response.status).toBe(401);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'Request finished',
        session_id: SESSION,
        route: '/api/events',
        handler: 'EventsController.stream',
        status_code: 401,
        outcome: 'completed',
      }),
    ]);
  });

  it('streams events to a bearer, whose token is in no line and no header', async () => {
    const token = 's3cret-token-of-alice';
    const requestId = `${platform}-${++requests}`;
    const stream = get(`${url}/api/events`, {
      headers: { 'X-Request-ID': requestId, Authorization: `Bearer ${token}` },
    });
    const [response] = (await once(stream, 'response')) as [IncomingMessage];
    let received = '';
    for await (const chunk of response.setEncoding('utf8')) {
      received += chunk as string;
      // Leaving the loop disconnects.
      if (received.includes('id: 2')) break;
    }
    const lines = await finishedLinesOf(requestId);

    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toMatch('text/event-stream');
    expect(received).toContain('event: payment\nid: 1\ndata: {"payment":1,"status":"complete"}');
    expect(messagesOf(lines)).toEqual(['Payment event 1', 'Payment event 2', 'Request finished']);
    expect(lines.at(-1)).toMatchObject({ status_code: 200, outcome: 'aborted' });
    for (const { session_id } of lines) expect(session_id).toMatch(/^tok_[0-9a-f]{16}$/);
    expect(gateway.sink.raw.join()).not.toContain(token);
    expect(response.rawHeaders.join()).not.toMatch(/s3cret|tok_/);
  });
});

it.each(PLATFORMS)(
  'a gateway on %s ends its event streams when it shuts down',
  async (platform) => {
    const { GATEWAY_PORT = '' } = await freePorts();
    const gateway = await services.add('gateway', { PLATFORM: platform, GATEWAY_PORT });
    const response = await fetch(`http://127.0.0.1:${GATEWAY_PORT}/api/events`, {
      headers: { Authorization: 'Bearer anything', Connection: 'close' },
    });
    const [received] = await Promise.all([response.text(), gateway.stop()]);

    expect(received).not.toContain('id: 2');
  },
);

it('says which platforms there are', () => {
  expect(createAdapter().getType()).toBe('express');
  expect(createAdapter('fastify').getType()).toBe('fastify');
  expect(() => createAdapter('koa')).toThrow('PLATFORM is "koa": use express or fastify.');
});

const isAccessLogLine = ({ message }: Line): boolean => message === 'Request finished';
