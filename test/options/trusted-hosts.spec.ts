import { describe, expect, it } from '@jest/globals';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { trustedHosts } from '../../src/options/trusted-hosts.js';
import { TracingConfigError } from '../../src/records/tracing-config.error.js';
import type { OutgoingOptions, TracingModuleOptions } from '../../src/options/tracing-options.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();

/** Whom of these hosts the option trusts. */
function trustedOf(trusted: OutgoingOptions['trusted'], hosts: readonly string[]): string[] {
  return hosts.filter(trustedHosts({ trusted })!);
}

const LOOPBACK = ['localhost', 'api.localhost', '127.0.0.1', '127.255.255.254', '::1'];
const OTHERS = [
  'example.com',
  'localhost.example.com',
  'mylocalhost',
  '127.0.0.1.example.com',
  '127.example.com',
  '128.0.0.1',
  '10.0.0.1',
  '0.0.0.0',
  '::',
  '::2',
  '',
];

describe('hosts that get request and session ids', () => {
  it.each([
    ['nothing', undefined],
    ['no options', {}],
    ['no host', { trusted: [] }],
    ['a function that says no', { trusted: () => false }],
  ])('is loopback alone by %s', (_name, outgoing) => {
    const isTrusted = trustedHosts(outgoing)!;
    expect(LOOPBACK.filter(isTrusted)).toEqual(LOOPBACK);
    expect(OTHERS.filter(isTrusted)).toEqual([]);
  });

  it('are none with false, which sends no W3C headers either', () => {
    expect(trustedHosts(false)).toBeUndefined();
    expect(resolveOptions({ outgoing: false }).policy.isTrustedHost).toBeUndefined();
  });

  it('are those with one of the names', () => {
    const names = ['Payments', 'API.internal.example', '10.1.2.3', '2001:DB8::1', 'a_b.example'];
    const hosts = ['payments', 'api.internal.example', '10.1.2.3', '2001:db8::1', 'a_b.example'];
    expect(trustedOf(names, hosts)).toEqual(hosts);
    expect(
      trustedOf(names, [
        'payments.example',
        'x.payments',
        'xapi.internal.example',
        'api.internal.example.evil',
        '10.1.2.30',
      ]),
    ).toEqual([]);
  });

  it('are those below a name, but not the name itself', () => {
    const hosts = ['a.internal.example', 'a.b.internal.example'];
    expect(trustedOf(['*.Internal.example'], hosts)).toEqual(hosts);
    expect(
      trustedOf(
        ['*.internal.example'],
        ['internal.example', '.internal.example', 'xinternal.example', 'a.internal.example.evil'],
      ),
    ).toEqual([]);
  });

  it.each([/^api\./, /^api\./g, /^api\./y, /^api\./gy, /api\./y])('matches %s anew', (pattern) => {
    const isTrusted = trustedHosts({ trusted: [pattern] })!;
    for (let i = 0; i < 5; i++) {
      expect(isTrusted('api.example')).toBe(true);
      expect(isTrusted('xapi.example')).toBe(false);
    }
    pattern.lastIndex = 3;
    expect(isTrusted('api.example')).toBe(true);
    expect(pattern.lastIndex).toBe(3);
  });

  it('is whom a function says', () => {
    const trusted = (host: string): boolean => host.startsWith('own-');
    expect(trustedOf(trusted, ['own-api', 'api', 'localhost'])).toEqual(['own-api', 'localhost']);
  });

  it.each<[string, () => unknown]>([
    ['something else than true', () => 'yes'],
    ['a promise', () => Promise.resolve(true)],
    ['a promise that fails', () => Promise.reject(new Error('later'))],
    [
      'nothing, because it throws',
      () => {
        throw new Error('no list');
      },
    ],
  ])('is no host if the function returns %s', async (_name, trusted) => {
    const isTrusted = trustedHosts({ trusted: trusted as () => boolean })!;
    expect(isTrusted('api.example')).toBe(false);
    expect(isTrusted('localhost')).toBe(true);
    await Promise.resolve();
    expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('is settled at the start', () => {
    const trusted = ['a.example'];
    const isTrusted = trustedHosts({ trusted })!;
    trusted[0] = 'b.example';
    expect(['a.example', 'b.example'].filter(isTrusted)).toEqual(['a.example']);
  });
});

/** [what is wrong, code, `outgoing`, what the message must name, what the fix must name] */
const WRONG: readonly (readonly [string, string, unknown, RegExp, RegExp])[] = [
  ['true', 'INVALID_OPTION', true, /`outgoing` is `true`/, /an object/],
  ['null', 'INVALID_OPTION', null, /`outgoing` is `null`/, /an object/],
  ['a list', 'INVALID_OPTION', ['a.example'], /`outgoing` is the array/, /an object/],
  ['a function', 'INVALID_OPTION', () => true, /`outgoing`/, /an object/],
  ['no such option', 'UNKNOWN_OPTION', { hosts: [] }, /`outgoing\.hosts`/, /trusted/],
  ['another case', 'UNKNOWN_OPTION', { Trusted: [] }, /Trusted/, /`outgoing\.trusted`/],
  ['a name alone', 'INVALID_OPTION', { trusted: 'a.example' }, /outgoing\.trusted/, /an array/],
  ['a pattern alone', 'INVALID_OPTION', { trusted: /a/ }, /outgoing\.trusted/, /or an array/],
  ...[
    'https://api.example',
    'api.example:8080',
    'db:5432',
    'api.example/path',
    'user@api.example',
    '[::1]',
    '::1%eth0 ',
    '*',
    '*.',
    'a.*.example',
    '*api.example',
    '.example',
    'api.example.',
    'api example',
    '',
    42,
    null,
    ['api.example'],
  ].map(
    (host) =>
      [
        `${JSON.stringify(host)} among hosts`,
        'INVALID_TRUSTED_HOST',
        { trusted: ['api.example', host] },
        /`outgoing\.trusted`/,
        /without scheme, port and path/,
      ] as const,
  ),
];

describe('wrong options of outgoing calls stop the application', () => {
  it.each(WRONG)('%s', (_name, code, outgoing, named, fix) => {
    let error: unknown;
    try {
      resolveOptions({ outgoing } as TracingModuleOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TracingConfigError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(named) });
    expect((error as TracingConfigError).fix).toMatch(fix);
  });
});
