import { describe, expect, it } from '@jest/globals';
import { textMatcher, type TextMatcher } from '../../src/cli/untangle/grep-pattern.js';
import { hasStatus, parseStatus } from '../../src/cli/untangle/status-range.js';

const TEXT = 'POST /api/payment 201 a.b aaaa';

describe('--grep', () => {
  it.each([
    ['/api/payment', true],
    ['/api/Payment', false],
    ['a.b', true],
    ['a.c', false],
    ['/pay.*201/', true],
    ['/PAYMENT 2\\d\\d/i', true],
    ['/^post/', false],
    ['/(get|post) \\/api/i', true],
    ['/a{4}$/', true],
    ['/[*+?]/', false],
    ['/\\++/', false],
    ['/^.* 201 .*b/', true],
    ['//', false],
  ])('%s', (argument, isFound) => {
    expect((textMatcher(argument) as TextMatcher)(TEXT)).toBe(isFound);
  });

  it.each([
    '/(/',
    '/(a+)+/',
    '/(a|aa)+$/',
    '/(?:a*)*b/',
    '/(a{1,50}){1,50}/',
    '/a+a+b/',
    '/.*a.*b/',
    '/^(a|b).*c.*d/',
    '/(a)\\1/',
    '/(?<x>a)\\k<x>/',
    '/(?=a)b/',
    '/(?<!a)b/',
    `/${'a?'.repeat(40)}${'a'.repeat(40)}/`,
    `/${'(a|a)'.repeat(20)}b/`,
    `/${'a{0,9}'.repeat(3)}/`,
    `/${'x'.repeat(201)}/`,
  ])('refuses %s', (argument) => {
    expect(textMatcher(argument)).toEqual(expect.any(String));
  });

  it('takes its time for no text', () => {
    const startedAt = performance.now();
    for (const argument of ['/a*b/', '/^a*a*b/', '/(a|a)(a|a)a?a*b/']) {
      (textMatcher(argument) as TextMatcher)('a'.repeat(2 ** 20));
    }
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});

describe('--status', () => {
  it.each([
    ['500', [500], [499, 501]],
    ['=404', [404], [405]],
    ['5xx', [500, 599], [499, 600]],
    ['>=400', [400, 599], [399]],
    ['>400', [401], [400]],
    ['<300', [204], [300]],
    ['<=300', [300], [301]],
    ['404, 5XX', [404, 503], [403]],
  ])('%s', (text, matching, others) => {
    const ranges = parseStatus(text)!;
    expect(matching.every((status) => hasStatus(ranges, status))).toBe(true);
    expect(others.some((status) => hasStatus(ranges, status))).toBe(false);
  });

  it.each(['', '50', '6xx', '5x', '>=4xx', '500,', 'ok'])('is not %j', (text) => {
    expect(parseStatus(text)).toBeUndefined();
  });
});
