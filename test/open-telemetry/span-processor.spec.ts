import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { context, ROOT_CONTEXT, trace as tracing, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lastValueFrom, mergeMap, timer } from 'rxjs';
import { runWithTrace } from '../../src/context/trace-store.js';
import { Span as SpanDecorator, TracingSpanProcessor } from '../../src/index.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { runSpan } from '../../src/spans/run-span.js';
import { openTrace } from '../../src/trace/open-trace.js';
import type { Trace } from '../../src/trace/trace.js';
import { spyOnWarnings } from '../support/warnings.js';

const warnings = spyOnWarnings();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const caller = { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true };
/** In which an instrumentation begins its spans. */
const called = tracing.setSpanContext(ROOT_CONTEXT, caller);

function newTrace(): Trace {
  const traceparent = `00-${traceId}-${caller.spanId}-01`;
  const metadata = { transport: 'test', startedAt: 0 };
  return openTrace({ traceparent }, resolveOptions().policy, metadata);
}

const tracerWith = (processor: SpanProcessor | TracingSpanProcessor): Tracer =>
  new BasicTracerProvider({ spanProcessors: [processor as SpanProcessor] }).getTracer('database');

describe('TracingSpanProcessor', () => {
  it('exports spans as children of the span that they began in, whatever runs at the moment', () => {
    const tracer = tracerWith(new TracingSpanProcessor());
    const trace = newTrace();
    runWithTrace(trace, () => {
      const query = tracer.startSpan('query', {}, called);
      const wait = tracer.startSpan('wait', {}, tracing.setSpan(called, query));
      wait.end();
      query.setStatus({ code: 2 }).end();
    });
    const [query, wait] = trace.spans!;
    expect([query, wait].map((span) => [span!.name, span!.failed])).toEqual([
      ['query', true],
      ['wait', false],
    ]);
    expect(query!.parentSpanId).toBe(trace.spanId);
    expect(wait!.parentSpanId).toBe(query!.spanId);
  });

  it('puts a span below no span of another request, though both are of one trace', () => {
    const tracer = tracerWith(new TracingSpanProcessor());
    const [first, second] = [newTrace(), newTrace()];
    const call = runWithTrace(first, () => tracer.startSpan('call', {}, called));
    runWithTrace(second, () => tracer.startSpan('query', {}, tracing.setSpan(called, call)));
    expect(second.spans!.map(({ name, depth }) => [name, depth])).toEqual([['query', 0]]);
    expect(second.spans![0]!.parentSpanId).toBe(second.spanId);
  });

  it('keeps no trace alive because of a span that never ends', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const tracer = tracerWith(new TracingSpanProcessor());
    const begin = (): WeakRef<Trace> => {
      const trace = newTrace();
      runWithTrace(trace, () => tracer.startSpan('never ends', {}, called));
      expect(trace.spans).toHaveLength(1);
      return new WeakRef(trace);
    };
    const trace = begin();
    for (let i = 0; i < 3; i++) {
      await nextTurn();
      collectGarbage();
    }
    expect(trace.deref()).toBeUndefined();
  });
});

describe('spans that are made through an SDK', () => {
  const parents = new Map<string, string | undefined>();

  beforeEach(() => {
    parents.clear();
    const names = new Map<string, string>();
    const processor: SpanProcessor = {
      onStart(span) {
        names.set(span.spanContext().spanId, span.name);
        const { parentSpanContext } = span as { parentSpanContext?: { spanId: string } };
        parents.set(span.name, parentSpanContext && names.get(parentSpanContext.spanId));
      },
      onEnd() {},
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    tracing.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  });
  afterEach(() => {
    context.disable();
    tracing.disable();
  });

  it('have no span around what consumes an observable', async () => {
    await runWithTrace(newTrace(), () =>
      runSpan('outer', () =>
        lastValueFrom(
          runSpan('values', () => timer(1)).pipe(
            mergeMap(() => runSpan('consumer', async () => 1)),
          ),
        ),
      ),
    );
    expect(Object.fromEntries(parents)).toEqual({
      outer: undefined,
      values: 'outer',
      consumer: 'outer',
    });
  });

  it.each(['outer', undefined])('have that of no middleware around the handler, in %s', (outer) => {
    class Session {
      @SpanDecorator()
      use(_request: object, _response: object, next: () => void): void {
        runSpan('load', () => next());
      }
    }
    const response = { setHeader() {} };
    const handle = (): void => new Session().use({}, response, () => runSpan('handler', () => {}));
    runWithTrace(newTrace(), () => (outer === undefined ? handle() : runSpan(outer, handle)));
    expect(Object.fromEntries(parents)).toEqual({
      ...(outer !== undefined && { outer: undefined }),
      'Session.use': outer,
      load: 'Session.use',
      handler: outer,
    });
  });
});

describe('an SDK whose processor throws', () => {
  const fail = (): never => {
    throw new Error('of the processor');
  };
  let processor: SpanProcessor;

  beforeEach(() => {
    processor = {
      onStart() {},
      onEnd() {},
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    tracing.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  });
  afterEach(() => {
    context.disable();
    tracing.disable();
  });

  it.each(['onStart', 'onEnd'] as const)('in %s fails nothing that is traced', async (hook) => {
    processor[hook] = fail;
    const failure = new Error('of the application');
    await runWithTrace(newTrace(), async () => {
      expect(runSpan('works', () => 1)).toBe(1);
      expect(await runSpan('works later', async () => 2)).toBe(2);
      await expect(runSpan('fails', () => Promise.reject(failure))).rejects.toBe(failure);
    });
    const reported = warnings.mock.calls.filter(([text]) => String(text).includes('OpenTelemetry'));
    expect(reported).toHaveLength(1);
  });
});
