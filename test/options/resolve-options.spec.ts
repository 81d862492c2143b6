import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { createLogger } from 'winston';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { defaultService } from '../../src/options/service-name.js';
import type { TracingModuleOptions } from '../../src/options/tracing-options.js';

const SERVICE_VARIABLES = ['OTEL_SERVICE_NAME', 'OTEL_RESOURCE_ATTRIBUTES'] as const;
const before = SERVICE_VARIABLES.map((name) => process.env[name]);
const { isTTY } = process.stdout;
const REQUEST = { url: '/here' } as IncomingMessage;
/** A decision as JavaScript lets a user write it. */
const says = (value: unknown) => (() => value) as () => boolean;

function setEnvironment(values: readonly (string | undefined)[]): void {
  SERVICE_VARIABLES.forEach((name, i) => {
    const value = values[i];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  });
}

beforeEach(() => {
  process.stdout.isTTY = false;
});

afterEach(() => {
  setEnvironment(before);
  process.stdout.isTTY = isTTY;
});

describe('without options', () => {
  it.each([
    ['nothing', undefined],
    ['an empty object', {}],
    [
      'everything undefined',
      { logger: undefined, format: undefined, session: undefined } as object,
    ],
  ])('the defaults apply: %s', (_name, raw) => {
    setEnvironment([undefined, undefined]);
    const options = resolveOptions(raw);
    expect(options).toMatchObject({
      logger: undefined,
      format: 'json',
      level: 'info',
      preset: undefined,
      service: 'nestjs-tracing',
      requestId: { sources: undefined, header: 'X-Request-ID' },
      traceId: { sources: undefined, header: 'X-Trace-ID' },
      session: { sources: undefined, header: undefined, key: undefined },
      baggage: new Set(),
      accessLog: {},
      interceptor: true,
      policy: { w3cOnly: false },
    });
  });

  it('ids are those of the contract', () => {
    const { policy, requestId, traceId, session } = resolveOptions();
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(policy.newTraceId()).toMatch(/^[0-9a-f]{32}$/);
    expect(policy.newRequestId()).toMatch(uuid);
    expect(policy.newSessionId()).toMatch(uuid);
    for (const { validate } of [requestId, traceId, session]) {
      expect(validate('req-001')).toBe(true);
      expect(validate('a b')).toBe(false);
    }
  });

  it.each([
    [true, 'text'],
    [false, 'json'],
    [undefined, 'json'],
  ])('on a terminal (%s) lines are %s', (isTerminal, format) => {
    process.stdout.isTTY = isTerminal as boolean;
    expect(resolveOptions().format).toBe(format);
    expect(resolveOptions({ format: 'json' }).format).toBe('json');
    expect(resolveOptions({ format: 'text' }).format).toBe('text');
  });
});

describe('the service', () => {
  it.each([
    ['OTEL_SERVICE_NAME', ['otel', 'service.name=listed'], 'otel'],
    ['OTEL_RESOURCE_ATTRIBUTES', ['', 'team=a, service.name = corner%20shop,x=1'], 'corner shop'],
    ['package.json, if the list is invalid', [undefined, 'service.name=%'], 'nestjs-tracing'],
    ['package.json, if the list names another', [undefined, 'a.service.name=b'], 'nestjs-tracing'],
    ['package.json', [undefined, undefined], 'nestjs-tracing'],
  ])('is named by %s', (_name, environment, expected) => {
    setEnvironment(environment);
    expect(defaultService()).toBe(expected);
    expect(resolveOptions().service).toBe(expected);
    expect(resolveOptions({ service: 'mine' }).service).toBe('mine');
  });
});

describe('what the user gives', () => {
  it('is taken', () => {
    const exclude = [/^\/health/];
    const options = resolveOptions({
      level: 'debug',
      preset: 'gcp',
      session: { key: '0123456789abcdef' },
      baggage: { allow: ['tenant', 'x-y.z'] },
      accessLog: { exclude, message: 'done' },
      interceptor: false,
    });
    expect(options).toMatchObject({
      level: 'debug',
      preset: 'gcp',
      session: { key: '0123456789abcdef' },
      baggage: new Set(['tenant', 'x-y.z']),
      accessLog: { exclude, message: 'done' },
      interceptor: false,
    });
    expect(resolveOptions({ accessLog: false }).accessLog).toBe(false);
  });

  it.each(['requestId', 'traceId', 'session'] as const)('replaces all of `%s`', (name) => {
    const generators = {
      requestId: 'newRequestId',
      traceId: 'newTraceId',
      session: 'newSessionId',
    } as const;
    const options = resolveOptions({
      [name]: {
        sources: ['x-a', ({ url }: IncomingMessage) => url],
        validate: (value: string) => value.startsWith('ok'),
        generate: () => 'made',
        header: 'X-Mine',
      },
    });
    const { sources, validate, header } = options[name];
    expect(sources).toEqual(['x-a', expect.any(Function)]);
    expect((sources![1] as (request: IncomingMessage) => unknown)(REQUEST)).toBe('/here');
    expect([validate('ok then'), validate('not')]).toEqual([true, false]);
    expect(options.policy[generators[name]]()).toBe('made');
    expect(header).toBe('X-Mine');
  });

  it.each<[string, TracingModuleOptions, boolean]>([
    ['nothing', {}, true],
    ['true', { trustIncoming: true }, true],
    ['false', { trustIncoming: false }, false],
    ['a function that says true', { trustIncoming: ({ url }) => url === '/here' }, true],
    ['a function that says false', { trustIncoming: ({ url }) => url === '/there' }, false],
    // JavaScript may return anything: only `true` is trust.
    ['a function that says "yes"', { trustIncoming: says('yes') }, false],
    ['a function that promises', { trustIncoming: says(Promise.resolve(true)) }, false],
  ])('trustIncoming: %s', (_name, raw, expected) => {
    expect(resolveOptions(raw).isTrusted(REQUEST)).toBe(expected);
  });

  it.each<[string, TracingModuleOptions, boolean]>([
    ["'w3c'", { traceId: 'w3c' }, true],
    ["{ format: 'w3c' }", { traceId: { format: 'w3c' } }, true],
    ["{ format: 'any' }", { traceId: { format: 'any' } }, false],
    ['{}', { traceId: {} }, false],
  ])('traceId: %s', (_name, raw, w3cOnly) => {
    expect(resolveOptions(raw).policy.w3cOnly).toBe(w3cOnly);
    expect(resolveOptions(raw).traceId.header).toBe('X-Trace-ID');
  });

  it('may be no header at all', () => {
    const none = { header: false } as const;
    const { requestId, traceId, session } = resolveOptions({
      requestId: none,
      traceId: none,
      session: none,
    });
    for (const { header } of [requestId, traceId, session]) expect(header).toBeUndefined();
  });

  it('may be a logger, or options for one', () => {
    const logger = createLogger();
    expect(resolveOptions({ logger }).logger).toBe(logger);
    const loggerOptions = { defaultMeta: { pod: 'a' } };
    expect(resolveOptions({ logger: loggerOptions, format: 'text' })).toMatchObject({
      logger: loggerOptions,
      format: 'text',
    });
  });
});

describe('resolved options', () => {
  const raw = (): TracingModuleOptions => ({
    requestId: { header: 'X-A' },
    session: { key: '0123456789abcdef' },
    accessLog: { message: 'done' },
  });

  it.each(['policy', 'requestId', 'traceId', 'session', 'accessLog'] as const)(
    'are frozen, `%s` too',
    (part) => {
      const options = resolveOptions(raw());
      expect(Object.isFrozen(options)).toBe(true);
      expect(Object.isFrozen(options[part])).toBe(true);
    },
  );

  it('do not follow what the user changes later', () => {
    const given = raw();
    const allow = ['tenant'];
    const options = resolveOptions({ ...given, baggage: { allow } });
    allow.push('secret');
    given.requestId!.header = 'X-B';
    Object.assign(given.accessLog!, { message: 'changed' });
    expect(options.baggage).toEqual(new Set(['tenant']));
    expect(options.requestId.header).toBe('X-A');
    expect(options.accessLog).toMatchObject({ message: 'done' });
  });

  it('leave the user’s own objects alone', () => {
    const given = raw();
    resolveOptions(Object.freeze(given));
    expect(given).toEqual(raw());
    expect(Object.isFrozen(given.session)).toBe(false);
  });
});
