import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { warnOnce } from '../../src/records/warnings.js';
import { spyOnWarnings } from '../support/warnings.js';

const REQUEST = {} as IncomingMessage;
const UUID = /^[0-9a-f-]{36}$/;

const warn = spyOnWarnings();
const warnings = (): unknown[][] => warn.mock.calls;

const throwing = (): never => {
  throw new Error('on purpose');
};

describe('a callback that throws', () => {
  const options = resolveOptions({
    trustIncoming: throwing,
    requestId: { sources: [throwing], validate: throwing, generate: throwing },
    traceId: { generate: throwing },
    session: { generate: throwing },
  });

  it.each<[string, () => unknown, unknown]>([
    ['trustIncoming', () => options.isTrusted(REQUEST), false],
    ['requestId.validate', () => options.requestId.validate('req-001'), false],
    ['requestId.sources', () => sourceOf(options), undefined],
    ['requestId.generate', () => options.policy.newRequestId(), expect.stringMatching(UUID)],
    ['session.generate', () => options.policy.newSessionId(), expect.stringMatching(UUID)],
    [
      'traceId.generate',
      () => options.policy.newTraceId(),
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ],
  ])('costs one warning that names it: %s', (name, call, expected) => {
    for (let i = 0; i < 3; i++) expect(call()).toEqual(expected);
    expect(warnings()).toEqual([
      [
        `nestjs-tracing: the function \`${name}\` of TracingModule.forRoot threw: on purpose`,
        { type: 'TracingWarning', code: 'TRACING_CALLBACK_FAILED' },
      ],
    ]);
  });

  function sourceOf({ requestId }: typeof options): unknown {
    const [source] = requestId.sources ?? [];
    return typeof source === 'function' ? source(REQUEST) : source;
  }
});

describe('a callback that is asynchronous, against its type, and rejects', () => {
  const rejecting = (() => Promise.reject(new Error('on purpose'))) as () => never;
  const options = resolveOptions({
    trustIncoming: rejecting,
    requestId: { validate: rejecting, generate: rejecting },
  });

  it.each<[string, () => unknown, unknown]>([
    ['trustIncoming', () => options.isTrusted(REQUEST), false],
    ['requestId.validate', () => options.requestId.validate('req-001'), false],
    ['requestId.generate', () => options.policy.newRequestId(), expect.stringMatching(UUID)],
  ])('ends no process, and costs one warning: %s', async (_name, call, expected) => {
    for (let i = 0; i < 3; i++) expect(call()).toEqual(expected);
    // An unhandled rejection would end the process in the next turn.
    await sleep(5);
    expect(warnings()).toHaveLength(1);
  });
});

describe('a generator that makes no id', () => {
  it.each([
    ['undefined', undefined],
    ['an empty string', ''],
    ['a number', 42],
    ['a promise', Promise.resolve('made')],
  ])('is replaced by the default: %s', (_name, made) => {
    const { policy } = resolveOptions({ requestId: { generate: () => made as string } });
    expect(policy.newRequestId()).toMatch(UUID);
  });
});

describe('a validator', () => {
  it.each([1, 'yes', {}, Promise.resolve(true)])(
    'that returns %p does not accept the id',
    (verdict) => {
      const { requestId } = resolveOptions({ requestId: { validate: () => verdict as boolean } });
      expect(requestId.validate('req-001')).toBe(false);
    },
  );
});

describe('warnOnce', () => {
  it('warns of each kind once', () => {
    warnOnce('TRACING_DISK_FULL', 'first', new Error('why'));
    warnOnce('TRACING_DISK_FULL', 'second');
    warnOnce('TRACING_NOT_LOADED', 'third');
    expect(warnings()).toEqual([
      ['nestjs-tracing: first: why', { type: 'TracingWarning', code: 'TRACING_DISK_FULL' }],
      ['nestjs-tracing: third', { type: 'TracingWarning', code: 'TRACING_NOT_LOADED' }],
    ]);
  });

  it('emits each kind once for each thing that it is about', () => {
    warnOnce('TRACING_NOT_LOADED', 'one', undefined, 'bullmq');
    warnOnce('TRACING_NOT_LOADED', 'again', undefined, 'bullmq');
    warnOnce('TRACING_NOT_LOADED', 'two', undefined, 'graphql');
    expect(warnings().map(([message]) => message)).toEqual([
      'nestjs-tracing: one',
      'nestjs-tracing: two',
    ]);
  });

  const unreadable = Object.defineProperty(new Error('why'), 'message', { get: throwing });
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();

  it.each<[string, unknown]>([
    ['a string', 'why'],
    ['null', null],
    ['a symbol', Symbol('why')],
    ['an object without a prototype', Object.create(null)],
    ['an object whose toString throws', { toString: throwing }],
    ['an error whose message throws', unreadable],
    ['a proxy that was revoked', revoked],
  ])('never throws, for any thrown value: %s', (_name, thrown) => {
    expect(() => warnOnce('TRACING_DISK_FULL', 'first', thrown)).not.toThrow();
    expect(warnings()).toHaveLength(1);
  });
});
