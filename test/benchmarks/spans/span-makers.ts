import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { trace as openTelemetry } from '@opentelemetry/api';
import { Span, TraceContext, TracingModule, type TracingModuleOptions } from 'nestjs-tracing';
import { countFinished, registerCountingSdk } from '../counted-spans.js';
import {
  asyncWork,
  asyncWorkClass,
  type SpanFunction,
  type UnitOfWork,
  work,
  workClass,
} from './span-work.js';

/** One way to make spans. */
export interface SpanMaker {
  /** Runs something as a request of its own. */
  readonly request: <T>(fn: () => T) => T;
  /** A request's work, each of its ten pieces a span. */
  readonly spanned: UnitOfWork;
  /** The same work without spans. Its time is taken off. */
  readonly bare: UnitOfWork;
  /** Of one request. Looked at before anything is timed. */
  readonly expected: number;
  /** Counts the spans that end meanwhile. */
  readonly count: (fn: () => unknown) => Promise<number>;
}

type MakeSpans = () => Promise<SpanMaker> | SpanMaker;

const PIECES = 10;

/** The kinds of spans of this package. */
export const ourSpans: Readonly<Record<string, MakeSpans>> = {
  '`trace.span`': () => bySpanFunction(work),
  '`trace.span`, async': () => bySpanFunction(asyncWork),
  '`@Span()`': () => byClass(workClass(Span())),
  '`@Span()`, async': () => byClass(asyncWorkClass(Span())),
  'method with `spans.auto`': () => byClass(workClass(), { spans: { auto: true } }),
  'method with `spans.auto`, async': () => byClass(asyncWorkClass(), { spans: { auto: true } }),
};

export const spanMakers: Readonly<Record<string, MakeSpans>> = {
  ...ourSpans,
  'OpenTelemetry SDK, `startActiveSpan`': () => openTelemetrySdk(work),
  'OpenTelemetry SDK, `startActiveSpan`, async': () => openTelemetrySdk(asyncWork),
  'method without `spans.auto`': () => byClass(workClass(), {}, 0),
  'method that another application spans': async () => {
    const shared = workClass();
    await application(shared, { spans: { auto: true } });
    return byClass(shared, {}, 0);
  },
  'nothing: the same twice': async () => {
    const maker = await byClass(workClass(), {}, 0);
    return { ...maker, spanned: maker.bare };
  },
};

async function bySpanFunction(workOf: (span: SpanFunction) => UnitOfWork): Promise<SpanMaker> {
  const app = await application(workClass());
  const trace = app.get(TraceContext);
  return {
    request: (fn) => trace.run(undefined, fn),
    spanned: workOf((name, fn) => trace.span(name, fn)),
    bare: workOf((_name, fn) => fn()),
    expected: PIECES,
    count: countFinished,
  };
}

async function byClass(
  type: Type<{ controller: UnitOfWork }>,
  options: TracingModuleOptions = {},
  expected = PIECES,
): Promise<SpanMaker> {
  const app = await application(type, options);
  const trace = app.get(TraceContext);
  const spanned = app.get(type);
  const isAsync = spanned.controller() instanceof Promise;
  const bare = new (isAsync ? asyncWorkClass() : workClass())();
  return {
    request: (fn) => trace.run(undefined, fn),
    spanned: () => spanned.controller(),
    bare: () => bare.controller(),
    expected,
    count: countFinished,
  };
}

/** A line at the end of each request would be on the bill of both. */
function application(provider: Type<unknown>, options: TracingModuleOptions = {}) {
  @Module({
    imports: [TracingModule.forRoot({ ...options, accessLog: false })],
    providers: [provider],
  })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: false });
}

function openTelemetrySdk(workOf: (span: SpanFunction) => UnitOfWork): SpanMaker {
  const count = registerCountingSdk();
  const tracer = openTelemetry.getTracer('benchmark');
  return {
    // The span of the request is made once: what counts are those in it.
    request: (fn) => fn(),
    spanned: workOf((name, fn) => tracer.startActiveSpan(name, (span) => endAfter(span, fn))),
    bare: workOf((_name, fn) => fn()),
    expected: PIECES,
    count,
  };
}

/** As cheap as can be: no promise is made that the work did not make. */
function endAfter<T>(span: { end(): void }, fn: () => T): T {
  const end = () => span.end();
  const result = fn();
  if (result instanceof Promise) result.then(end, end);
  else end();
  return result;
}
