import { describe, expect, it } from '@jest/globals';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { SpanAttributes } from '../../src/records/span-record.js';
import { MAX_FIELDS, MAX_FIELDS_TEXT } from '../../src/trace/field-limits.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { SpanList } from '../../src/trace/span-list.js';
import {
  MAX_ATTRIBUTE,
  MAX_ATTRIBUTES,
  MAX_SPAN_NAME,
  MAX_SPANS_TEXT,
} from '../../src/trace/span-limits.js';
import type { Trace } from '../../src/trace/trace.js';

const open = (): Trace =>
  openTrace({}, resolveOptions().policy, { transport: 'test', startedAt: 0 });
const fieldsOf = ({ scope }: Trace) => Object.entries(scope.fields ?? {});
const droppedOf = ({ metadata }: Trace) => metadata.droppedFields;

describe('the fields of a trace', () => {
  it('are bounded in number, and each can be set again', () => {
    const trace = open();
    for (let i = 0; i < MAX_FIELDS; i++) expect(trace.setField(`f${i}`, i)).toBe(true);
    expect(droppedOf(trace)).toBeUndefined();
    expect(trace.setField('one too many', 1)).toBe(false);
    expect(trace.setField('f0', 'again')).toBe(true);
    expect(fieldsOf(trace)).toHaveLength(MAX_FIELDS);
    expect(fieldsOf(trace)[0]).toEqual(['f0', 'again']);
    expect(droppedOf(trace)).toBe(1);
  });

  it('are bounded in text, to the character', () => {
    const trace = open();
    expect(trace.setField('body', 'x'.repeat(MAX_FIELDS_TEXT - 4))).toBe(true);
    expect(trace.setField('a', '')).toBe(false);
    expect(trace.setField('body', 'y'.repeat(MAX_FIELDS_TEXT - 3))).toBe(false);
    expect(fieldsOf(trace)).toEqual([
      ['body', `${'y'.repeat(MAX_FIELDS_TEXT - 4)}… [1 more characters]`],
    ]);
    expect(trace.setField('body', 'short')).toBe(true);
    expect(trace.setField('a', 'z'.repeat(MAX_FIELDS_TEXT - 10))).toBe(true);
    expect(droppedOf(trace)).toBe(2);
  });

  it('of the longest names take no more than those of the longest texts', () => {
    const trace = open();
    for (let i = 0; i < 1000; i++) trace.setField(`${i}`.padEnd(10_000, '-'), i);
    expect(fieldsOf(trace)).toHaveLength(6);
    expect(droppedOf(trace)).toBe(994);
  });

  it('that are objects are kept as they are', () => {
    const trace = open();
    const user = { name: 'x'.repeat(MAX_FIELDS_TEXT * 2) };
    expect(trace.setField('user', user)).toBe(true);
    expect(trace.scope.fields?.['user']).toBe(user);
  });
});

describe('the spans of a trace', () => {
  const listOf = () => {
    const list = new SpanList(open());
    return {
      list,
      start: (name: string, attributes?: SpanAttributes) =>
        list.open({ name, attributes }, undefined, (span) => list.close(span)),
    };
  };

  it('have names and attributes of bounded length and number', () => {
    const { start } = listOf();
    const whole: Record<string, string> = {};
    for (let i = 0; i < MAX_ATTRIBUTES; i++) whole[`a${i}`] = 'v';
    whole['a0'] = 'v'.repeat(MAX_ATTRIBUTE);
    expect(start('n'.repeat(MAX_SPAN_NAME), whole)).toMatchObject({
      name: 'n'.repeat(MAX_SPAN_NAME),
      attributes: whole,
    });
    const long = start('n'.repeat(MAX_SPAN_NAME + 2), {
      ...whole,
      a0: 'v'.repeat(MAX_ATTRIBUTE + 1),
      last: 1,
    })!;
    expect(long.name).toBe(`${'n'.repeat(MAX_SPAN_NAME)}… [2 more characters]`);
    expect(Object.keys(long.attributes!)).toEqual(Object.keys(whole));
    expect(long.attributes!['a0']).toBe(`${'v'.repeat(MAX_ATTRIBUTE)}… [1 more characters]`);
    const named = start('named', { ['k'.repeat(MAX_SPAN_NAME + 1)]: true })!;
    expect(named.attributes).toEqual({
      [`${'k'.repeat(MAX_SPAN_NAME)}… [1 more characters]`]: true,
    });
  });

  it('are bounded in what they hold together', () => {
    const { list, start } = listOf();
    const text = 'v'.repeat(MAX_ATTRIBUTE);
    const each = 1 + 1 + MAX_ATTRIBUTE;
    const most = Math.floor(MAX_SPANS_TEXT / each);
    for (let i = 0; i < 500; i++) start(String(i % 10), { t: text })?.fail();
    expect(list.records.filter(({ count }) => count === undefined)).toHaveLength(most);
    expect(list.dropped).toBe(500 - most);
    const first = list.records.find(({ spanId }) => spanId !== undefined)!;
    expect(first.attributes).toEqual({ t: text });
  });

  it('that are folded make room for others', () => {
    const { list, start } = listOf();
    for (let i = 0; i < 5000; i++) start('query', { sql: 'v'.repeat(MAX_ATTRIBUTE) })?.end();
    expect(list.dropped).toBe(0);
    expect(list.records[0]).toMatchObject({ name: 'query', count: 5000 });
  });

  it.each<[string, unknown, unknown, unknown]>([
    ['a symbol as a name', Symbol('work'), undefined, 'Symbol(work)'],
    ['no name', undefined, undefined, 'undefined'],
    ['an object as a name', Object.create(null), undefined, 'object'],
    ['no attributes', 'work', null, 'work'],
    [
      'a getter that throws',
      'work',
      {
        get sql() {
          throw new Error('on purpose');
        },
      },
      'work',
    ],
    [
      'a proxy that was revoked',
      'work',
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      })(),
      'work',
    ],
  ])('may be started with %s', (_what, name, attributes, expected) => {
    const { list, start } = listOf();
    start(name as string, attributes as SpanAttributes)!.end();
    expect(list.records.map((span) => span.name)).toEqual([expected]);
    expect(start('other')).toBeDefined();
  });
});
