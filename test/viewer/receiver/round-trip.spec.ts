import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConflictException, Controller, Get, Injectable, Logger } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  tracingChannels,
  type RequestFinishEvent,
  type SpanFinishEvent,
} from '../../../src/records/channels.js';
import type { LogRecord } from '../../../src/records/log-record.js';
import type { ViewRequest } from '../../../src/viewer/view-records.js';
import { Span, TraceContext } from '../../../src/index.js';
import { OtlpModule, type OtlpProtocol } from '../../../src/otlp/index.js';
import type { AccessLogRecord, UnitOfWorkKind } from '../../../src/records/access-log-record.js';
import { errorFields } from '../../../src/records/error-fields.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { RequestRecord } from '../../../src/records/request-record.js';
import type { Trace } from '../../../src/trace/trace.js';
import { eventually } from '../../support/line-sink.js';
import { tracedApp } from '../../support/traced-app.js';
import { ViewReceiver } from './view-receiver.js';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const CONTENT_TYPES = {
  'http/json': 'application/json',
  'http/protobuf': 'application/x-protobuf',
} as const;
const ENVIRONMENT = {
  OTEL_SERVICE_NAME: 'shop',
  OTEL_BSP_SCHEDULE_DELAY: '20',
  OTEL_BLRP_SCHEDULE_DELAY: '20',
};

@Injectable()
class MessagesService {
  @Span()
  async find(): Promise<never> {
    await sleep(2);
    throw new TypeError('Database timeout');
  }

  fail(): never {
    throw new ConflictException('taken', { cause: new Error('unique violation') });
  }
}

@Controller()
class MessagesController {
  private readonly logger = new Logger('Messages');

  constructor(
    private readonly messages: MessagesService,
    private readonly trace: TraceContext,
  ) {}

  @Get('messages/:id')
  async list(): Promise<unknown> {
    this.trace.set('tenant', 'acme');
    this.logger.log('Loading messages', { count: 3, half: 0.5, isNew: true });
    this.logger.error('It broke', new RangeError('out of range'));
    return this.messages.find();
  }

  @Get('quick')
  quick(): string {
    return 'quick';
  }

  @Get('refused')
  refused(): never {
    return this.messages.fail();
  }

  @Get('never')
  async never(): Promise<never> {
    return new Promise(() => {});
  }

  @Get('calls')
  async calls(): Promise<string> {
    const response = await fetch(`${receiver.url}/nowhere?secret=1`);
    return `${response.status}`;
  }

  @Get('runs')
  runs(): string {
    return this.trace.run({ name: 'nightly', traceparent: CALLER }, () => 'ran');
  }
}

let receiver: ViewReceiver;
const finished: RequestFinishEvent[] = [];
const spans: SpanFinishEvent[] = [];
const logs: LogRecord[] = [];
const onFinish = (event: unknown) => finished.push(event as RequestFinishEvent);
const onSpan = (event: unknown) => spans.push(event as SpanFinishEvent);
const onLog = (event: unknown) => logs.push({ ...(event as LogRecord) });

beforeEach(async () => {
  receiver = await ViewReceiver.start();
  Object.assign(process.env, ENVIRONMENT);
  subscribe('nestjs-tracing:request:finish', onFinish);
  subscribe('nestjs-tracing:span:finish', onSpan);
  subscribe('nestjs-tracing:log', onLog);
});
afterEach(async () => {
  unsubscribe('nestjs-tracing:request:finish', onFinish);
  unsubscribe('nestjs-tracing:span:finish', onSpan);
  unsubscribe('nestjs-tracing:log', onLog);
  for (const list of [finished, spans, logs]) list.length = 0;
  for (const name of Object.keys(ENVIRONMENT)) delete process.env[name];
  await receiver.stop();
});

async function exportingApp(protocol: OtlpProtocol) {
  return tracedApp('express')
    .of({
      imports: [OtlpModule.forRoot({ url: receiver.url, protocol })],
      controllers: [MessagesController],
      providers: [MessagesService],
    })
    .start();
}

/** The request as the process that did it knows it. */
function requestOf({
  trace,
  record,
}: {
  trace: RequestRecord;
  record: AccessLogRecord;
}): ViewRequest {
  const { traceId, w3cTraceId, requestId, sessionId, spanId, origin, metadata } = trace;
  const {
    duration_ms,
    handler_ms,
    status_code,
    parent_span_id: _,
    steps: _steps,
    // Parameters are not shown, even if the sender has masked them.
    query: _query,
    error,
    ...sent
  } = record;
  return {
    type: 'request',
    key: `shop/${w3cTraceId}/${spanId}`,
    service: 'shop',
    kind: metadata.kind ?? 'request',
    traceId,
    w3cTraceId,
    requestId,
    sessionId,
    spanId,
    serverOrigin: metadata.host === undefined ? undefined : `http://${metadata.host}`,
    parentSpanId: origin.parentSpanId,
    startedAt: expect.closeTo(metadata.startedAt, 2) as unknown as number,
    ...sent,
    duration_ms: duration_ms,
    handler_ms: handler_ms,
    status_code: status_code,
    error: error === undefined ? undefined : String(errorFields(error as Error)['stack']),
  };
}

describe.each<OtlpProtocol>(['http/protobuf', 'http/json'])('by %s', (protocol) => {
  it.each([
    ['completed', '/quick?token=secret', 200],
    ['errored', '/messages/7?token=secret', 500],
    ['completed', '/nowhere?token=secret', 404],
    ['aborted', '/never?token=secret', undefined],
  ])('a request that %s at %s comes back as it was', async (outcome, path, status) => {
    const { send } = await exportingApp(protocol);
    const signal = AbortSignal.timeout(outcome === 'aborted' ? 50 : 5000);
    const headers = { 'x-request-id': 'r-1', traceparent: CALLER };
    await send(path, { headers, signal }).catch(() => {});
    await eventually(() => receiver.requests.length > 0, 'the request');

    const [request] = receiver.requests;
    expect(request).toEqual(requestOf(finished[0]!));
    expect(request).toMatchObject({ outcome, kind: 'request', requestId: 'r-1', method: 'GET' });
    expect(request).toMatchObject({ parentSpanId: CALLER.split('-')[2] });
    expect(request!.status_code).toBe(status);
    expect(JSON.stringify(receiver.records)).not.toContain('secret');
    expect([...receiver.types]).toEqual([CONTENT_TYPES[protocol]]);
  });

  it('a refused request comes back with what it failed with, and no secret of its caller', async () => {
    const { send } = await exportingApp(protocol);
    const agent = 'shop/4 (+mailto:ann@x.example)';
    await send('/refused?page=3&mail=ann@x.example', { headers: { 'user-agent': agent } });
    await eventually(() => receiver.requests.length > 0, 'the request');

    const [request] = receiver.requests;
    expect(request).toMatchObject({
      outcome: 'completed',
      status_code: 409,
      user_agent: 'shop/4 ([masked])',
      error_id: finished[0]!.record.error_id,
      error: expect.stringMatching(
        /^ConflictException: taken\ncaused by:\nError: unique violation\n +at .*round-trip\.spec/,
      ),
    });
    expect(request).not.toHaveProperty('query');
    expect(JSON.stringify(receiver.records)).not.toContain('ann@');
  });

  it('what happened in it comes back as it was', async () => {
    const { send } = await exportingApp(protocol);
    await send('/messages/7');
    await eventually(() => receiver.spans.length > 0, 'the span');

    const { trace, span } = spans.find((event) => event.span.name === 'MessagesService.find')!;
    expect(receiver.spans).toEqual([
      {
        type: 'span',
        service: 'shop',
        w3cTraceId: trace.w3cTraceId,
        spanId: span.spanId,
        parentSpanId: trace.spanId,
        name: 'MessagesService.find',
        kind: 'internal',
        startedAt: expect.closeTo(trace.metadata.startedAt + span.startedMs - trace.startedMs, 2),
        duration_ms: expect.closeTo(span.durationMs!, 2),
        failed: true,
        error: (span.error as Error).stack,
      },
    ]);
  });

  it('a call comes back with a name that distinguishes it', async () => {
    const { send } = await exportingApp(protocol);
    await send('/calls');
    await eventually(() => receiver.spans.length > 0, 'the span');

    const { span } = spans.find((event) => event.span.kind === 'client')!;
    const { host, port } = new URL(receiver.url);
    expect(span.name).toBe(`GET ${host}/nowhere`);
    expect(receiver.spans).toMatchObject([
      { name: span.name, kind: 'client', attributes: { ...span.attributes } },
    ]);
    expect(receiver.spans[0]!.attributes).toMatchObject({ 'server.port': Number(port) });
    expect(receiver.spans[0]!.failed).toBeUndefined();
  });

  it('a run with a parent elsewhere comes back as a run', async () => {
    const { send } = await exportingApp(protocol);
    await send('/runs');
    await eventually(() => receiver.requests.length >= 2, 'both');

    const run = finished.find(({ trace }) => trace.metadata.kind === 'run')!;
    const back = receiver.requests.find(({ kind }) => kind === 'run');
    expect(back).toEqual(requestOf(run));
    expect(back).toMatchObject({ job: 'nightly', transport: 'manual' });
    expect(back).toMatchObject({ parentSpanId: CALLER.split('-')[2] });
  });

  it.each<[UnitOfWorkKind, string, Partial<AccessLogRecord>]>([
    ['message', 'tcp', { pattern: 'orders.create', handler: 'Orders.create', handler_ms: 1.25 }],
    ['message', 'grpc', { pattern: 'shop.Orders/Create' }],
    ['message', 'kafka', { pattern: 'orders', attempt: 2, outcome: 'errored' }],
    ['message', 'ws', { pattern: 'chat', outcome: 'aborted' }],
    ['message', 'mcp', { mcp_method: 'tools/call', mcp_tool: 'search' }],
    ['message', 'mcp', { mcp_method: 'ping' }],
    ['run', 'manual', { db_count: 3, db_ms: 1.5, cache_count: 1, cache_ms: 0.25 }],
    ['message', 'tcp', { pattern: 'a', sent: ['bullmq mails/welcome', 'kafka orders'] }],
    ['job', 'bullmq', { queue: 'mails', job: 'welcome', attempt: 3 }],
    ['run', 'cron', { job: 'cleanup' }],
    ['run', 'manual', {}],
  ])('a %s by %s of %j comes back as it was', async (kind, transport, sent) => {
    const { app } = await exportingApp(protocol);
    const context = app.get(TraceContext);
    context.run({}, () => {});
    const { policy } = finished[0]!.trace as Trace;
    const startedAt = Date.now();
    const trace = openTrace({ traceparent: CALLER }, policy, { kind, transport, startedAt });
    const record: AccessLogRecord = {
      duration_ms: 12.345,
      outcome: 'completed',
      transport,
      ...sent,
    };
    tracingChannels.requestFinish.publish({ trace, record });
    await eventually(() => receiver.requests.length >= 2, 'both');

    const back = receiver.requests.find(({ spanId }) => spanId === trace.spanId);
    expect(back).toEqual(requestOf({ trace, record }));
  });

  it('its lines come back as they were', async () => {
    const { send } = await exportingApp(protocol);
    await send('/messages/7', { headers: { 'x-request-id': 'r-1', 'x-session-id': 's-1' } });
    const lineOf = (message: string) => receiver.lines.find((line) => line.message === message)!;
    for (const message of ['Loading messages', 'It broke', 'Request finished']) {
      await eventually(() => lineOf(message) !== undefined, message);
    }

    const { trace, time } = logs.find(({ entry }) => entry['message'] === 'Loading messages')!;
    const { traceId, spanId } = trace!;
    const ids = { traceId, w3cTraceId: traceId, spanId, requestId: 'r-1', sessionId: 's-1' };
    expect(lineOf('Loading messages')).toEqual({
      type: 'line',
      service: 'shop',
      time,
      level: 'info',
      message: 'Loading messages',
      ...ids,
      context: 'Messages',
      fields: { tenant: 'acme', count: 3, half: 0.5, isNew: true },
    });
    expect(lineOf('It broke')).toMatchObject({
      level: 'error',
      error: expect.stringMatching(/^RangeError: out of range\n.*round-trip\.spec/s),
      fields: { tenant: 'acme' },
    });
    expect(lineOf('Request finished')).toMatchObject({ ...ids, fields: { status_code: 500 } });
  });
});
