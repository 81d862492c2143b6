import 'reflect-metadata';
import 'nestjs-tracing/testing/jest';
import 'nestjs-tracing/testing/vitest';
import { Module } from '@nestjs/common';
import {
  Span,
  TraceContext,
  traceFields,
  TracingModule,
  TracingSpanProcessor,
  type TracingModuleOptions,
} from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { OtlpModule, type OtlpModuleOptions } from 'nestjs-tracing/otlp';
import { captureLogs, createTraceContext, withTrace } from 'nestjs-tracing/testing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';

// Compiled by the newest TypeScript, and never run.

const options: TracingModuleOptions = { service: 'types', accessLog: { slowerThan: 500 } };
const otlp: OtlpModuleOptions = { url: 'http://127.0.0.1:4318' };

@Module({
  imports: [
    TracingModule.forRoot(options),
    TracingMetricsModule.forRoot(),
    OtlpModule.forRoot(otlp),
    TraceViewerModule.forRoot(),
  ],
})
export class AppModule {
  constructor(private readonly trace: TraceContext) {}

  @Span()
  work(): unknown {
    return this.trace.requestId ?? traceFields().request_id;
  }
}

export const processors = [new TracingSpanProcessor()];
export const capture: typeof captureLogs = captureLogs;
export const id = withTrace({ requestId: 'r' }, () => createTraceContext().requestId);
// @ts-expect-error: a service has a name.
export const wrong: TracingModuleOptions = { service: 7 };
