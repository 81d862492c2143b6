import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ClsServiceManager } from 'nestjs-cls';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastValueFrom, of } from 'rxjs';
import { delay, map } from 'rxjs/operators';
import { createLogger, format, transports } from 'winston';
import {
  TraceContext,
  traceFormat,
  traceJson,
  traceLogger,
  tracingChannels,
} from '../../src/index.js';
import { createTraceContext, withTrace } from '../../src/testing/index.js';
import { LineSink } from '../support/line-sink.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const trace = createTraceContext();
const ids = () => [trace.traceId, trace.requestId, trace.sessionId];

describe('withTrace', () => {
  it('runs a function in a trace with the ids of its seed, and leaves nothing behind', () => {
    const seed = { traceId: 't-1', requestId: 'r-1', sessionId: 's-1' };
    expect(withTrace(seed, ids)).toEqual(['t-1', 'r-1', 's-1']);
    expect(ids()).toEqual([undefined, undefined, undefined]);
    expect(ClsServiceManager.getClsService().isActive()).toBe(false);
  });

  it('generates what the seed does not contain', () => {
    const first = withTrace({}, ids);
    expect(first).toEqual([
      expect.stringMatching(/^[\da-f]{32}$/),
      expect.stringMatching(UUID),
      expect.stringMatching(UUID),
    ]);
    expect(withTrace({}, ids)).not.toEqual(first);
    expect(withTrace({ requestId: 'r-1' }, ids)).toEqual([
      'r-1',
      'r-1',
      expect.stringMatching(UUID),
    ]);
  });

  it.each([
    ['a'.repeat(128), true],
    ['a'.repeat(129), false],
    ['', false],
    ['two words', false],
    ['line\nbreak', false],
    ['_.:@/+=-', true],
  ])('takes the id %j only if it is valid', (id, isValid) => {
    const seen = withTrace({ traceId: id, requestId: id, sessionId: id }, ids);
    expect(seen.map((value) => value === id)).toEqual([isValid, isValid, isValid]);
  });

  it('continues a traceparent', () => {
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    const sent = withTrace({ traceparent, tracestate: 'a=1' }, () => trace.headers());
    expect(sent['traceparent']).toMatch(new RegExp(`^00-${'ab'.repeat(16)}-[\\da-f]{16}-01$`));
    expect(sent['tracestate']).toBe('a=1');
    expect(withTrace({ traceparent: 'nonsense' }, ids)[0]).toMatch(/^[\da-f]{32}$/);
  });

  it('returns what the function returns', async () => {
    const value = {};
    expect(withTrace({}, () => value)).toBe(value);
    await expect(withTrace({}, async () => value)).resolves.toBe(value);
    const later = withTrace({ requestId: 'r-1' }, () =>
      of(1).pipe(
        delay(1),
        map(() => trace.requestId),
      ),
    );
    expect(await lastValueFrom(later)).toBe('r-1');
  });

  it('throws what the function throws', async () => {
    const failure = new Error('no');
    const fail = (): never => {
      throw failure;
    };
    expect(() => withTrace({}, fail)).toThrow(failure);
    await expect(withTrace({}, async () => fail())).rejects.toBe(failure);
    expect(trace.requestId).toBeUndefined();
  });

  it('inside another has ids of its own, and gives the others back', async () => {
    await withTrace({ requestId: 'outer' }, async () => {
      await withTrace({ requestId: 'inner' }, async () => {
        await sleep(1);
        expect(trace.requestId).toBe('inner');
      });
      expect(trace.requestId).toBe('outer');
    });
  });

  it('does not mix with 99 others', async () => {
    const seen = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        withTrace({ requestId: `r-${index}` }, async () => {
          await sleep((index * 7) % 13);
          return trace.requestId;
        }),
      ),
    );
    expect(seen).toEqual(seen.map((_, index) => `r-${index}`));
    expect(new Set(seen).size).toBe(100);
  });

  it('is seen by loggers, with the fields that were set', () => {
    const json = new LineSink();
    const own = new LineSink();
    const quick = traceLogger(
      createLogger({
        format: traceJson({ service: 'test' }),
        transports: [new transports.Stream({ stream: json })],
      }),
    );
    const plain = traceLogger(
      createLogger({
        format: format.combine(traceFormat(), format.json()),
        transports: [new transports.Stream({ stream: own })],
      }),
    );
    withTrace({ requestId: 'r-1', sessionId: 's-1' }, () => {
      trace.set('tenant', 'acme');
      quick.info('paid', { amount: 7 });
      plain.info('paid', { amount: 7 });
    });
    for (const { lines } of [json, own]) {
      // And no access log line.
      expect(lines).toEqual([
        expect.objectContaining({
          message: 'paid',
          request_id: 'r-1',
          session_id: 's-1',
          tenant: 'acme',
          amount: 7,
        }),
      ]);
    }
  });

  it('listens to nothing', () => {
    withTrace({}, () => trace.span('work', () => {}));
    for (const channel of Object.values(tracingChannels)) {
      expect(channel.hasSubscribers).toBe(false);
    }
  });
});

describe('a service that injects TraceContext', () => {
  @Injectable()
  class PaymentService {
    constructor(private readonly trace: TraceContext) {}

    async pay(): Promise<object> {
      this.trace.set('payment', 'p-1');
      return this.trace.span('charge', async () => {
        await sleep(1);
        return { requestId: this.trace.requestId, payment: this.trace.get('payment') };
      });
    }
  }

  const paid = { requestId: 'r-1', payment: 'p-1' };

  it('is tested by hand', async () => {
    const service = new PaymentService(createTraceContext());
    expect(await withTrace({ requestId: 'r-1' }, () => service.pay())).toEqual(paid);
    expect(await service.pay()).toEqual({ requestId: undefined, payment: undefined });
  });

  it('is tested in a module that does not import tracing', async () => {
    const context = { provide: TraceContext, useValue: createTraceContext() };
    const module = await Test.createTestingModule({
      providers: [PaymentService, context],
    }).compile();
    const service = module.get(PaymentService);
    expect(await withTrace({ requestId: 'r-1' }, () => service.pay())).toEqual(paid);
    await module.close();
  });

  it('is tested with all else mocked', async () => {
    @Module({ providers: [PaymentService] })
    class PaymentModule {}
    const module = await Test.createTestingModule({ imports: [PaymentModule] })
      .useMocker((token) => (token === TraceContext ? createTraceContext() : {}))
      .compile();
    const service = module.get(PaymentService);
    expect(await withTrace({ requestId: 'r-1' }, () => service.pay())).toEqual(paid);
    await module.close();
  });

  it('begins traces of its own without an access log line', () => {
    expect(createTraceContext().run({ requestId: 'r-2' }, ids)[1]).toBe('r-2');
  });
});
