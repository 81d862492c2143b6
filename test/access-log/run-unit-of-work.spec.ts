import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClsServiceManager } from 'nestjs-cls';
import { lastValueFrom, map, NEVER, of, take, throwError, timer, toArray } from 'rxjs';
import { currentTrace } from '../../src/context/active-trace.js';
import type { UnitOfWork } from '../../src/context/unit-of-work.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { TracingModuleOptions } from '../../src/options/tracing-options.js';
import { AccessLog } from '../../src/access-log/access-log.js';
import { runSpan } from '../../src/spans/run-span.js';
import { unitOfWorkRunner } from '../../src/access-log/run-unit-of-work.js';
import type { AccessLogRecord } from '../../src/records/access-log-record.js';
import type { Trace } from '../../src/trace/trace.js';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const HEX_32 = /^[0-9a-f]{32}$/;

const message = (work: Partial<UnitOfWork> = {}): UnitOfWork => ({
  kind: 'message',
  transport: 'tcp',
  ...work,
});

/** A runner, and the access log lines that it writes. */
function runner(options: TracingModuleOptions = {}) {
  const lines: { level: string; message: string; trace: Trace; record: AccessLogRecord }[] = [];
  const resolved = resolveOptions(options);
  const accessLog = new AccessLog(resolved.accessLog, (level, text, record) => {
    lines.push({ level, message: text, trace: currentTrace()!, record: record as AccessLogRecord });
  });
  return { run: unitOfWorkRunner(resolved, accessLog), lines };
}

/** The trace that a message with these headers runs in. */
function traceOf(headers: Record<string, unknown>, options?: TracingModuleOptions): Trace {
  return runner(options).run(message({ read: (name) => headers[name] }), () => currentTrace()!);
}

const failure = new Error('failure');
function fail(): never {
  throw failure;
}

describe('a piece of work', () => {
  it.each<[string, () => unknown, (result: any) => unknown]>([
    ['a value', () => 42, (value) => value],
    ['a promise', async () => sleep(1, 42), (promise) => promise],
    ['an observable', () => of(42), (stream) => lastValueFrom(stream)],
    ['a promise of an observable', async () => of(42), async (p) => lastValueFrom(await p)],
  ])('ends once with %s, and passes it on', async (_what, fn, use) => {
    const { run, lines } = runner();
    expect(await use(run(message(), fn))).toBe(42);
    await sleep(5);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'info',
        message: 'Message finished',
        record: expect.objectContaining({ transport: 'tcp', outcome: 'completed' }),
      }),
    ]);
  });

  it('follows an async generator to its end', async () => {
    const { run, lines } = runner();
    const generator = run(message(), async function* () {
      yield currentTrace()?.spanId;
      await sleep(1);
      yield currentTrace()?.spanId;
    });
    const seen: unknown[] = [];
    for await (const value of generator) {
      expect(lines).toEqual([]);
      seen.push(value);
    }
    expect(seen).toEqual([lines[0]!.trace.spanId, lines[0]!.trace.spanId]);
    expect(lines).toHaveLength(1);
  });

  it.each<[string, () => unknown, (result: any) => unknown]>([
    ['throws', () => fail(), () => {}],
    ['rejects', () => Promise.reject(failure), (promise) => promise],
    ['brings a stream that fails', () => throwError(() => failure), (s) => lastValueFrom(s)],
    ['promises one', async () => throwError(() => failure), async (p) => lastValueFrom(await p)],
  ])('is errored when it %s, and the error is untouched', async (_what, fn, use) => {
    const { run, lines } = runner();
    const caught = await (async () => use(run(message(), fn)))().catch((error: unknown) => error);
    expect(caught).toBe(failure);
    expect(lines.map(({ level, record }) => [level, record.outcome])).toEqual([
      ['error', 'errored'],
    ]);
  });

  it('is aborted when its subscriber unsubscribes', () => {
    const { run, lines } = runner();
    const subscription = run(message(), () => NEVER).subscribe();
    expect(lines).toEqual([]);
    subscription.unsubscribe();
    expect(lines.map(({ record }) => record.outcome)).toEqual(['aborted']);
  });

  it('has its context in all that a stream does later', async () => {
    const { run, lines } = runner();
    const seen = await lastValueFrom(
      run(message(), () =>
        timer(0, 1).pipe(
          map(() => currentTrace()?.spanId),
          take(3),
          toArray(),
        ),
      ),
    );
    expect(new Set(seen)).toEqual(new Set([lines[0]!.trace.spanId]));
  });

  it.each([
    ['message', 'Message finished'],
    ['job', 'Job finished'],
    ['run', 'Run finished'],
  ] as const)('of kind %s says "%s"', (kind, text) => {
    const { run, lines } = runner();
    run(message({ kind }), () => {});
    expect(lines[0]?.message).toBe(text);
  });

  it('says what it is about, who sent it, and what led to a failure', async () => {
    const { run, lines } = runner();
    const fields = { queue: 'mail', job: 'welcome', attempt: 2 };
    const work = message({ kind: 'job', fields, handler: 'Mail.send', read: () => PARENT });
    await run(work, () => runSpan('smtp', () => Promise.reject(failure))).catch(() => {});
    expect(lines[0]?.record).toMatchObject({
      ...fields,
      handler: 'Mail.send',
      outcome: 'errored',
      parent_span_id: 'b7ad6b7169203331',
      steps: [{ name: 'smtp', failed: true }],
    });
  });

  it('writes no line when the access log is off', () => {
    const { run, lines } = runner({ accessLog: false });
    run(message(), () => {});
    expect(lines).toEqual([]);
  });

  it.each([
    [['payment.charge'], 0],
    [[/^payment\./], 0],
    [['payment'], 1],
  ] as const)('excludes %s by its pattern', (exclude, count) => {
    const { run, lines } = runner({ accessLog: { exclude } });
    run(message({ fields: { pattern: 'payment.charge' } }), () => {});
    expect(lines).toHaveLength(count);
  });

  it('does not see the CLS store of the code that delivers it', () => {
    const cls = ClsServiceManager.getClsService<Record<string, unknown>>();
    const kept = (work: UnitOfWork): unknown =>
      cls.runWith({ tenant: 'acme' }, () => runner().run(work, () => cls.get('tenant')));
    expect(kept(message())).toBeUndefined();
    expect(kept(message({ parent: traceOf({}) }))).toBe('acme');
  });
});

describe('what came with it', () => {
  it('is continued', () => {
    const trace = traceOf({
      traceparent: PARENT,
      tracestate: 'a=1',
      'x-request-id': 'req-001',
      'x-session-id': 'session-1',
    });
    expect(trace).toMatchObject({
      traceId: TRACE_ID,
      requestId: 'req-001',
      sessionId: 'session-1',
      origin: { tracestate: 'a=1', parentSpanId: 'b7ad6b7169203331', flags: 1 },
    });
  });

  it.each<[string, (text: string) => unknown]>([
    ['bytes', (text) => Buffer.from(text)],
    ['a list of one', (text) => [text]],
    ['a list of bytes', (text) => [Buffer.from(text)]],
  ])('may be %s', (_what, wrap) => {
    const trace = traceOf({ traceparent: wrap(PARENT), 'x-request-id': wrap('req-001') });
    expect(trace).toMatchObject({ traceId: TRACE_ID, requestId: 'req-001' });
  });

  it.each<[string, unknown]>([
    ['a number', 1],
    ['null', null],
    ['an object', { toString: () => 'req-001' }],
    ['a list of two', ['req-001', 'req-002']],
    ['nothing', []],
    ['100 kB', 'a'.repeat(100_000)],
    ['100 kB of bytes', Buffer.alloc(100_000, 'a')],
    ['control characters', 'req\r\n\u001b[31m'],
    ['a prototype', JSON.parse('{"__proto__":{"traceparent":"x"}}')],
  ])('is ignored if it is %s', (_what, value) => {
    const headers = { traceparent: value, tracestate: value, baggage: value };
    const trace = traceOf({ ...headers, 'x-request-id': value, 'x-session-id': value });
    expect(trace.traceId).toMatch(HEX_32);
    expect(trace.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(trace.origin.parentSpanId).toBeUndefined();
  });

  it('is ignored if it cannot even be read', () => {
    expect(runner().run(message({ read: fail }), () => currentTrace()!.traceId)).toMatch(HEX_32);
  });

  it('never throws, for any value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(traceOf({ traceparent: value, 'x-request-id': value }).traceId).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });

  it('is not adopted when no caller is trusted', () => {
    const headers = { traceparent: PARENT, 'x-request-id': 'req-001' };
    const trace = traceOf(headers, { trustIncoming: false });
    expect(trace.traceId).not.toBe(TRACE_ID);
    expect(trace.requestId).not.toBe('req-001');
  });

  it('is adopted from a broker although each HTTP caller is asked about', () => {
    expect(traceOf({ traceparent: PARENT }, { trustIncoming: () => false }).traceId).toBe(TRACE_ID);
  });
});

describe('what it is part of', () => {
  const outer = (headers: Record<string, unknown> = {}, options?: TracingModuleOptions) =>
    traceOf({ 'x-request-id': 'req-001', 'x-session-id': 'session-1', ...headers }, options);

  it('is its trace, request, session and parent', () => {
    const parent = outer();
    const trace = runner().run(message({ parent }), () => currentTrace()!);
    const { traceId, requestId, sessionId } = parent;
    expect(trace).toMatchObject({ traceId, requestId, sessionId });
    expect(trace.origin.parentSpanId).toBe(parent.spanId);
    expect(trace.w3cTraceId).toBe(parent.w3cTraceId);
  });

  it('keeps its own request id when it is a request', () => {
    const parent = outer();
    const trace = runner().run(message({ parent, hasOwnRequestId: true }), () => currentTrace()!);
    expect(trace.requestId).not.toBe(parent.requestId);
    expect(trace).toMatchObject({ traceId: parent.traceId, sessionId: 'session-1' });
  });

  it('gives way to a trace that the message itself continues', () => {
    const work = message({
      parent: outer(),
      read: (name) => (name === 'traceparent' ? PARENT : undefined),
    });
    const trace = runner().run(work, () => currentTrace()!);
    expect(trace).toMatchObject({ traceId: TRACE_ID, requestId: 'req-001' });
    expect(trace.origin.parentSpanId).toBe('b7ad6b7169203331');
  });

  it('is used alone when the message has no valid ids', () => {
    const parent = outer();
    const trace = runner().run(message({ parent, read: () => 'bad' }), () => currentTrace()!);
    expect(trace.traceId).toBe(parent.traceId);
  });

  it('makes what an untrusted caller says inside it no more trusted', () => {
    const parent = outer({}, { trustIncoming: false });
    const trace = runner().run(message({ parent, read: () => PARENT }), () => currentTrace()!);
    expect(trace.traceId).toBe(parent.traceId);
  });
});
