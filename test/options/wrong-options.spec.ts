import { describe, expect, it } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import { pino } from 'pino';
import { createLogger, format } from 'winston';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { TracingConfigError } from '../../src/records/tracing-config.error.js';
import type { TracingModuleOptions } from '../../src/options/tracing-options.js';

/** What JavaScript lets a user write. */
type Anything = Record<string, unknown>;

function errorOf(raw: unknown): TracingConfigError {
  try {
    resolveOptions(raw as TracingModuleOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(TracingConfigError);
    return error as TracingConfigError;
  }
  throw new Error('nothing was thrown');
}

const logger = createLogger();
const id = (name: string, code: string, named: RegExp, wrong: unknown, fix: RegExp) =>
  [`${name} ${named.source}`, code, { [name]: wrong }, named, fix] as const;

/** [what is wrong, code, options, what the message must name, what the fix must name] */
const WRONG: readonly (readonly [string, string, Partial<Anything>, RegExp, RegExp])[] = [
  [
    'no such option',
    'UNKNOWN_OPTION',
    { colour: true },
    /`colour`/,
    /logger, format, output, console, level/,
  ],
  ['another case', 'UNKNOWN_OPTION', { Format: 'json' }, /`Format`/, /did you mean `format`/],
  [
    'an option of a part',
    'UNKNOWN_OPTION',
    { session: { secret: 'x' } },
    /`session\.secret`/,
    /key/,
  ],
  [
    'case in a part',
    'UNKNOWN_OPTION',
    { accessLog: { Fields: [] } },
    /Fields/,
    /did you mean `accessLog\.fields`/,
  ],
  [
    '`key` of another id',
    'UNKNOWN_OPTION',
    { requestId: { key: 'x' } },
    /`requestId\.key`/,
    /session: \{ key \}/,
  ],
  [
    '`format` of another id',
    'UNKNOWN_OPTION',
    { session: { format: 'w3c' } },
    /format/,
    /traceId: \{ format \}/,
  ],
  [
    'more baggage',
    'UNKNOWN_OPTION',
    { baggage: { allow: [], deny: [] } },
    /`baggage\.deny`/,
    /allow/,
  ],

  ['format', 'INVALID_FORMAT', { format: 'xml' }, /`format` is "xml"/, /"json" or "text"/],
  ['no options at all', 'INVALID_OPTION', null as never, /`options` is `null`/, /an object/],
  ['format null', 'INVALID_FORMAT', { format: null }, /`null`/, /"json" or "text"/],
  ['level', 'INVALID_LEVEL', { level: 'trace' }, /`level` is "trace"/, /"debug"/],
  ['level log, which is NestJS’s', 'INVALID_LEVEL', { level: 'log' }, /"log"/, /"info"/],
  ['preset', 'INVALID_PRESET', { preset: 'splunk' }, /`preset`/, /"otel", "ecs"/],
  ['service', 'INVALID_OPTION', { service: '' }, /`service`/, /non-empty string/],
  ['service 5', 'INVALID_OPTION', { service: 5 }, /`service` is `5`/, /non-empty string/],
  ['interceptor', 'INVALID_OPTION', { interceptor: 'no' }, /`interceptor`/, /`true` or `false`/],
  [
    'trust',
    'INVALID_OPTION',
    { trustIncoming: 'loopback' },
    /`trustIncoming`/,
    /function or a boolean/,
  ],

  id('requestId', 'INVALID_OPTION', /`requestId`/, 'x-request-id', /an object/),
  id('requestId', 'INVALID_OPTION', /`requestId` is `null`/, null, /an object/),
  id('requestId', 'INVALID_OPTION', /`requestId` is an empty array/, [], /an object/),
  id('requestId', 'INVALID_SOURCES', /`requestId\.sources`/, { sources: 'x-id' }, /sources: \[/),
  id('requestId', 'INVALID_SOURCES', /`requestId\.sources`/, { sources: [42] }, /sources: \[/),
  id('requestId', 'INVALID_SOURCES', /`requestId\.sources`/, { sources: ['x id'] }, /sources: \[/),
  id('requestId', 'INVALID_OPTION', /`requestId\.validate`/, { validate: /a/ }, /a function/),
  id('requestId', 'INVALID_OPTION', /`requestId\.generate`/, { generate: 'uuid' }, /a function/),
  id('requestId', 'INVALID_HEADER_NAME', /`requestId\.header`/, { header: 'a b' }, /`false`/),
  id('requestId', 'INVALID_HEADER_NAME', /`requestId\.header`/, { header: '' }, /`false`/),
  id('requestId', 'INVALID_HEADER_NAME', /`requestId\.header`/, { header: 'a\r\nb' }, /`false`/),
  id('requestId', 'INVALID_HEADER_NAME', /`requestId\.header`/, { header: true }, /`false`/),
  id(
    'traceId',
    'INVALID_TRACE_ID_FORMAT',
    /`traceId\.format`/,
    { format: 'hex' },
    /"w3c" or "any"/,
  ),
  id('traceId', 'INVALID_OPTION', /`traceId`/, 'W3C', /'w3c'|"w3c"/),
  id('traceId', 'INVALID_OPTION', /`traceId` is/, null, /an object/),
  id('session', 'INVALID_SESSION_KEY', /`session\.key`/, { key: 'x'.repeat(15) }, /openssl rand/),
  id('session', 'INVALID_SESSION_KEY', /`session\.key`/, { key: '' }, /openssl rand/),
  id('session', 'INVALID_SESSION_KEY', /`session\.key`/, { key: 1234567890123456 }, /openssl/),

  ['baggage', 'INVALID_OPTION', { baggage: ['tenant'] }, /`baggage`/, /an object/],
  ['no list', 'INVALID_BAGGAGE', { baggage: { allow: 'tenant' } }, /`baggage\.allow`/, /allow: \[/],
  ['no key', 'INVALID_BAGGAGE', { baggage: { allow: ['a b'] } }, /`baggage\.allow`/, /allow: \[/],
  ['nothing allowed', 'INVALID_BAGGAGE', { baggage: {} }, /`baggage\.allow`/, /allow: \[/],

  ['access log true', 'INVALID_OPTION', { accessLog: true }, /`accessLog`/, /an object/],
  [
    'exclude',
    'INVALID_OPTION',
    { accessLog: { exclude: '/a' } },
    /exclude`/,
    /function or an array/,
  ],
  [
    'exclude holds',
    'INVALID_OPTION',
    { accessLog: { exclude: [1] } },
    /neither a path/,
    /'\/health'/,
  ],
  ['level of it', 'INVALID_OPTION', { accessLog: { level: 3 } }, /accessLog\.level/, /or a string/],
  ['fields of it', 'INVALID_OPTION', { accessLog: { fields: 'path' } }, /fields`/, /or an array/],
  ['message of it', 'INVALID_OPTION', { accessLog: { message: 1 } }, /message`/, /or a string/],

  ['console', 'INVALID_LOGGER', { logger: console }, /winston/, /createLogger/],
  ['NestJS’s', 'INVALID_LOGGER', { logger: new ConsoleLogger() }, /winston/, /createLogger/],
  ['pino', 'INVALID_LOGGER', { logger: pino({ enabled: false }) }, /winston/, /createLogger/],
  ['a string', 'INVALID_OPTION', { logger: 'winston' }, /`logger`/, /an object/],
  ['format twice', 'CONFLICTING_OPTIONS', { logger, format: 'json' }, /`format`/, /traceJson/],
  ['preset twice', 'CONFLICTING_OPTIONS', { logger, preset: 'gcp' }, /`preset`/, /traceJson/],
  ['level twice', 'CONFLICTING_OPTIONS', { logger, level: 'info' }, /`level`/, /on your logger/],
  [
    'format in both options',
    'CONFLICTING_OPTIONS',
    { logger: { format: format.json() }, format: 'json' },
    /`format`/,
    /traceText\(\)/,
  ],
  [
    'level in both options',
    'CONFLICTING_OPTIONS',
    { logger: { level: 'warn' }, level: 'info' },
    /`level`/,
    /on your logger/,
  ],
];

describe('a wrong option stops the application', () => {
  it.each(WRONG)('%s: %s', (_name, code, raw, named, fix) => {
    const error = errorOf(raw);
    expect({ code: error.code, name: error.name }).toEqual({ code, name: 'TracingConfigError' });
    expect(error.message).toMatch(named);
    expect(error.fix).toMatch(fix);
    expect(error.message).toContain(`[${code}]`);
    expect(error.message).toContain(`Fix: ${error.fix}`);
  });

  it.each([
    ['null', null],
    ['a string', 'json'],
    ['an array', []],
    ['a function', () => ({})],
  ])('that is %s instead of options', (_name, raw) => {
    expect(errorOf(raw)).toMatchObject({ code: 'INVALID_OPTION', fix: 'make it an object.' });
  });

  it('reports the first of several', () => {
    expect(errorOf({ format: 'xml', level: 'x', service: '' }).code).toBe('INVALID_FORMAT');
  });
});

describe('a secret in a wrong place', () => {
  const SECRET = 'S3cretKey-0123456';

  it.each<[string, Partial<Anything>]>([
    ['a key that is too short', { session: { key: SECRET.slice(0, 15) } }],
    ['a key that is no string', { session: { key: [SECRET] } }],
    ['the key for the session’s options', { session: SECRET }],
    ['the key for a validator', { session: { validate: SECRET } }],
    ['the key for a header', { session: { header: `${SECRET} ` } }],
    ['the key for a source', { session: { sources: [`${SECRET} `] } }],
  ])('is not shown: %s', (_name, raw) => {
    const error = errorOf(raw);
    expect(`${error.message} ${error.fix} ${error.stack}`).not.toContain(SECRET.slice(0, 15));
  });
});
