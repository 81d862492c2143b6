import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { Span } from '../../src/trace/span.js';
import type { Trace } from '../../src/trace/trace.js';

const open = (requestId?: string): Trace =>
  openTrace({ requestId }, resolveOptions().policy, { transport: 'test', startedAt: 0 });

describe('the fields of a trace', () => {
  it('are none at first', () => {
    expect(open().scope.fields).toBeUndefined();
  });

  it('are added to later entries, and not to entries already logged', () => {
    const trace = open();
    const before = trace.scope;
    trace.setField('user', 'alice');
    const between = trace.scope;
    trace.setField('user', 'bob');
    trace.setField('order', 17);
    expect(before.fields).toBeUndefined();
    expect(Object.entries(between.fields!)).toEqual([['user', 'alice']]);
    expect(Object.entries(trace.scope.fields!)).toEqual([
      ['user', 'bob'],
      ['order', 17],
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', ''])('may be called %p', (key) => {
    const trace = open();
    trace.setField(key, 'value');
    trace.setField('other', 1);
    const { fields = {} } = trace.scope;
    expect(Object.entries(fields)).toEqual([
      [key, 'value'],
      ['other', 1],
    ]);
    expect(Object.getPrototypeOf(fields)).toBeNull();
    expect(({} as Record<string, unknown>)['value']).toBeUndefined();
  });

  it('are not those of another trace with the same ids', () => {
    const [a, b] = [open('same'), open('same')];
    a.setField('user', 'alice');
    expect(b.scope.fields).toBeUndefined();
  });
});

describe('the scope of a span', () => {
  it('has the trace’s ids and fields with its own span id, and is made once', () => {
    const trace = open();
    const span = new Span(trace, undefined, { name: 'work' }, undefined);
    expect(span.scope).toBe(span.scope);
    expect(span.scope).toMatchObject({ trace, spanId: span.spanId, fields: undefined });
    trace.setField('user', 'alice');
    expect(span.scope.fields).toEqual({ user: 'alice' });
    expect(span.scope.spanId).toBe(span.spanId);
    expect(trace.scope.spanId).toBe(trace.spanId);
  });
});

describe('the time of a trace', () => {
  it('is monotonic and in milliseconds', async () => {
    const trace = open();
    const before = trace.elapsedMs;
    await sleep(20);
    expect(trace.elapsedMs - before).toBeGreaterThanOrEqual(15);
    expect(trace.elapsedMs).toBeLessThan(5000);
  });
});
