import 'reflect-metadata';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Module, type INestApplicationContext, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  TraceContext,
  TracingLogger,
  TracingModule,
  type SpanFinishEvent,
  type TracingModuleOptions,
} from '../../../src/index.js';
import { LineSink, type Line } from '../../support/line-sink.js';
import { sinkLogger } from '../../support/traced-app.js';

/** An application that sends, what it logs, and the spans of its process. */
export interface ClientApp {
  readonly app: INestApplicationContext;
  readonly trace: TraceContext;
  readonly logger: TracingLogger;
  readonly sink: LineSink;
  readonly spans: readonly Line[];
}

const running: INestApplicationContext[] = [];
const sinks: LineSink[] = [];
const spans: Line[] = [];

beforeAll(() => subscribe('nestjs-tracing:span:finish', noteSpan));
// A test that failed runs once more, and must not find its lines of before.
beforeEach(() => {
  spans.length = 0;
  for (const sink of sinks) sink.clear();
});
afterAll(async () => {
  unsubscribe('nestjs-tracing:span:finish', noteSpan);
  await Promise.all(running.splice(0).map((app) => app.close()));
});

export async function clientApp(
  metadata: ModuleMetadata,
  options: TracingModuleOptions = {},
): Promise<ClientApp> {
  const sink = new LineSink();
  sinks.push(sink);
  const tracing = TracingModule.forRoot({ logger: sinkLogger(sink), ...options });

  @Module({ ...metadata, imports: [tracing, ...(metadata.imports ?? [])] })
  class ClientModule {}

  const app = await NestFactory.createApplicationContext(ClientModule, {
    bufferLogs: true,
    abortOnError: false,
  });
  running.push(app);
  const logger = app.get(TracingLogger);
  app.useLogger(logger);
  return { app, trace: app.get(TraceContext), logger, sink, spans };
}

function noteSpan(message: unknown): void {
  const { trace, span } = message as SpanFinishEvent;
  spans.push({
    level: 'debug',
    message: 'Span finished',
    trace_id: trace.traceId,
    request_id: trace.requestId,
    session_id: trace.sessionId ?? '',
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    name: span.name,
    kind: span.kind,
    failed: span.failed,
    ...span.attributes,
  });
}
