import { describe, expect, it } from '@jest/globals';
import { ROOT_CONTEXT, SpanKind, trace as tracing, type Attributes } from '@opentelemetry/api';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { runWithTrace } from '../../src/context/trace-store.js';
import { TracingSpanProcessor } from '../../src/index.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openSpanBelow } from '../../src/spans/open-span.js';
import { runSpan } from '../../src/spans/run-span.js';
import { stepsOf } from '../../src/spans/steps.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { currentSpan } from '../../src/context/active-trace.js';
import { MAX_SPANS } from '../../src/trace/span-limits.js';
import type { Trace } from '../../src/trace/trace.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const caller = { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true };
const called = tracing.setSpanContext(ROOT_CONTEXT, caller);
const processor: SpanProcessor = new TracingSpanProcessor();
const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('driver');

function newTrace(): Trace {
  const traceparent = `00-${traceId}-${caller.spanId}-01`;
  return openTrace({ traceparent }, resolveOptions().policy, { transport: 'test', startedAt: 0 });
}

function call(name: string, attributes: Attributes, context = called): void {
  tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, context).end();
}

const stable = (system: string): Attributes => ({ 'db.system.name': system });
const old = (system: string): Attributes => ({ 'db.system': system });

describe('spans of the instrumentations of an SDK', () => {
  it.each([
    ['pg.query:SELECT', stable('postgresql'), 1, 0],
    ['SELECT', old('mysql'), 1, 0],
    ['mongodb.find', old('mongodb'), 1, 0],
    ['find users', { ...stable('mongodb'), 'db.query.text': '{}' }, 1, 0],
    ['get', stable('redis'), 0, 1],
    ['redis-GET', old('redis'), 0, 1],
    ['memcached get', old('memcached'), 0, 1],
    ['VALKEY', old('Valkey'), 0, 1],
    ['both', { ...stable('redis'), ...old('mysql') }, 0, 1],
    ['disconnect users', old('mysql'), 1, 0],
    ['pg.connect', stable('postgresql'), 0, 0],
    ['pg-pool.connect', old('postgresql'), 0, 0],
    ['connect', stable('redis'), 0, 0],
    ['redis-connect', old('redis'), 0, 0],
    ['GET', {}, 0, 0],
    ['odd', { 'db.system': 7 }, 0, 0],
  ])('%s: %j counts as %i calls to databases, %i to caches', (name, attributes, db, cache) => {
    const trace = newTrace();
    runWithTrace(trace, () => call(name, attributes));
    expect([trace.calls?.dbCount ?? 0, trace.calls?.cacheCount ?? 0]).toEqual([db, cache]);
    expect(stepsOf(trace)).toEqual([expect.objectContaining({ name })]);
    expect(trace.spans![0]!.attributes).toBeUndefined();
  });

  it('count from their start, with the time that they took', () => {
    const trace = newTrace();
    runWithTrace(trace, () => {
      const query = tracer.startSpan('SELECT', { attributes: stable('mysql') }, called);
      expect(trace.calls).toMatchObject({ dbCount: 1, dbMs: 0 });
      const until = performance.now() + 3;
      while (performance.now() < until);
      query.setStatus({ code: 2 }).end();
    });
    expect(trace.calls!.dbMs).toBeGreaterThanOrEqual(3);
    expect(stepsOf(trace)![0]).toMatchObject({ name: 'SELECT', failed: true });
  });

  it('count once where an ORM, its driver and an engine below have one each', () => {
    const trace = newTrace();
    runWithTrace(trace, () => {
      const orm = tracer.startSpan('User.find', { attributes: old('mongodb') }, called);
      const insideOrm = tracing.setSpan(called, orm);
      const driver = tracer.startSpan('find', { attributes: old('mongodb') }, insideOrm);
      call('engine', stable('mongodb'), tracing.setSpan(called, driver));
      driver.end();
      orm.end();
      call('next', stable('mongodb'));
    });
    expect(trace.calls!.dbCount).toBe(2);
    expect(stepsOf(trace)!.map(({ name }) => name)).toEqual([
      'User.find',
      'find',
      'engine',
      'next',
    ]);
  });

  it('are no steps below a span that has them as its own work', () => {
    const trace = newTrace();
    runWithTrace(trace, () =>
      runSpan('add job', () => {
        currentSpan(trace)!.coversCalls = true;
        call('evalsha', stable('redis'));
      }),
    );
    expect(trace.calls).toBeUndefined();
    expect(stepsOf(trace)!.map(({ name }) => name)).toEqual(['add job']);
  });

  it('count also where the trace has no room for their spans', () => {
    const trace = newTrace();
    runWithTrace(trace, () => {
      for (let i = 0; i < MAX_SPANS; i++) openSpanBelow(trace, undefined, { name: `work ${i}` });
      call('SELECT', stable('mysql'));
    });
    expect(trace.calls!.dbCount).toBe(1);
    expect(trace.droppedSpans).toBe(1);
  });
});
