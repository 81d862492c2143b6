import { afterEach } from '@jest/globals';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  TraceContext,
  TracingModule,
  type SpanFinishEvent,
  type SpanRecord,
  type TracingModuleOptions,
} from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { sinkLogger } from '../support/traced-app.js';

export const REQUEST_ID = 'req-001';
export const SESSION_ID = 'session-0001';
export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
/** The span that the trace of {@link CallingApp.run} is a part of. */
export const PARENT_ID = 'b7ad6b7169203331';

/** An application that makes calls. */
export interface CallingApp {
  readonly trace: TraceContext;
  /** Every span that has ended. */
  readonly spans: SpanRecord[];
  readonly sink: LineSink;
  /** Makes calls in a trace with the ids above. */
  run<T>(fn: () => T): T;
  /** The spans, once there are that many. */
  ended(count: number): Promise<SpanRecord[]>;
}

const opened: INestApplicationContext[] = [];
const listeners: ((message: unknown) => void)[] = [];

afterEach(async () => {
  for (const listener of listeners.splice(0)) unsubscribe('nestjs-tracing:span:finish', listener);
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

export async function callingApp(options: TracingModuleOptions = {}): Promise<CallingApp> {
  const sink = new LineSink();
  @Module({ imports: [TracingModule.forRoot({ logger: sinkLogger(sink), ...options })] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  opened.push(app);
  const trace = app.get(TraceContext);
  const spans: SpanRecord[] = [];
  const onSpan = (message: unknown): void => {
    spans.push((message as SpanFinishEvent).span);
  };
  subscribe('nestjs-tracing:span:finish', onSpan);
  listeners.push(onSpan);
  const seed = {
    requestId: REQUEST_ID,
    sessionId: SESSION_ID,
    traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`,
    tracestate: 'vendor=state',
    baggage: 'tenant=acme',
  };
  return {
    trace,
    spans,
    sink,
    run: (fn) => trace.run(seed, fn),
    async ended(count) {
      await eventually(() => spans.length >= count, `${count} spans`);
      return spans;
    },
  };
}
