import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { TraceContext, TracingModule, type SpanAttributes } from 'nestjs-tracing';
import {
  captureLogs,
  createTraceContext,
  withTrace,
  type LogCapture,
} from 'nestjs-tracing/testing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';

@Module({ imports: [TracingModule.forRoot(), TraceViewerModule.forRoot()] })
class AppModule {}

export const root: Type = AppModule;
export const capture: (...args: Parameters<typeof captureLogs>) => LogCapture = captureLogs;

// A class is one type, whichever entry names it.
const trace: TraceContext = createTraceContext();
const attributes: SpanAttributes = { build: 'commonjs' };
const requestId = withTrace({ requestId: 'req-001' }, () =>
  trace.span('work', () => trace.requestId, attributes),
);
console.log(JSON.stringify({ build: 'commonjs', requestId, isOne: trace instanceof TraceContext }));
