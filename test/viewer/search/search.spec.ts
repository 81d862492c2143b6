import { describe, expect, it } from '@jest/globals';
import { RecordFilter } from '../../../src/viewer/search/filter.js';
import { SearchPattern } from '../../../src/viewer/search/search-pattern.js';
import { MAX_SEARCH, parseSearch } from '../../../src/viewer/search/search.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { aLine, aRequest, aRunningRequest, messagesOf } from '../view-records.js';

const RECORDS = [
  aRequest('pay', {
    requestId: 'req-004',
    sessionId: 'alice',
    service: 'payments',
    method: 'POST',
    path: '/api/payment',
    route: '/api/payment',
    status_code: 502,
    outcome: 'errored',
    duration_ms: 1250,
  }),
  aLine('Charging the card', {
    key: 'pay',
    requestId: 'req-004',
    level: 'info',
    service: 'payments',
  }),
  aLine('No answer of the gateway', {
    key: 'pay',
    requestId: 'req-004',
    level: 'error',
    service: 'payments',
    fields: { amount: 42, card: { brand: 'visa' }, 'db.system': 'pg' },
  }),
  aRequest('profile', {
    requestId: 'req-005',
    sessionId: 'bob',
    service: 'gateway',
    method: 'GET',
    path: '/api/profile',
    route: '/api/profile',
    status_code: 200,
    outcome: 'completed',
    duration_ms: 12,
  }),
  aLine('Loaded http://users/5 at 10:30:15', {
    key: 'profile',
    requestId: 'req-005',
    level: 'warn',
    service: 'gateway',
  }),
  aRunningRequest('stream', { requestId: 'req-006', service: 'gateway' }),
];

function found(text: string) {
  const store = new ViewStore();
  store.add(RECORDS);
  const matching = new RecordFilter(store, { text });
  const lines = store.lines.filter((line) => matching.isMatchingLine(line));
  return {
    requests: store.requests
      .filter((one) => matching.isMatchingRequest(one))
      .map(({ record }) => record.key),
    lines: messagesOf(lines),
  };
}

const CHARGE = 'Charging the card';
const NO_ANSWER = 'No answer of the gateway';
const LOADED = 'Loaded http://users/5 at 10:30:15';

describe('the search language', () => {
  it.each<[search: string, requests: string[], lines: string[]]>([
    ['req-004 ERROR', ['pay'], [NO_ANSWER]],
    ['card charging', ['pay'], [CHARGE]],
    ['"the card"', ['pay'], [CHARGE]],
    ['"card the"', [], []],
    ['-req-004 api', ['profile'], []],
    ['-gateway', [], [CHARGE]],
    ['status:502', ['pay'], [CHARGE, NO_ANSWER]],
    ['status:>=500', ['pay'], [CHARGE, NO_ANSWER]],
    ['status:2xx', ['profile'], [LOADED]],
    ['status:running', ['stream'], []],
    ['-status:5xx -status:running', ['profile'], [LOADED]],
    ['duration:>400', ['pay', 'stream'], [CHARGE, NO_ANSWER]],
    ['duration:>1.25s -outcome:running', [], []],
    ['duration:<=12', ['profile'], [LOADED]],
    ['level:warn', ['profile'], [LOADED]],
    ['level:>=warn', ['pay', 'profile'], [NO_ANSWER, LOADED]],
    ['service:PAY', ['pay'], [CHARGE, NO_ANSWER]],
    ['service:"pay"', [], []],
    ['service:"Payments"', ['pay'], [CHARGE, NO_ANSWER]],
    ['method:post route:/api', ['pay'], [CHARGE, NO_ANSWER]],
    ['amount:42', ['pay'], [NO_ANSWER]],
    ['amount:4', [], []],
    ['amount:>41', ['pay'], [NO_ANSWER]],
    ['card.brand:visa', ['pay'], [NO_ANSWER]],
    ['db.system:pg', ['pay'], [NO_ANSWER]],
    ['session:ali', ['pay'], [CHARGE, NO_ANSWER]],
    ['request:5', ['profile'], [LOADED]],
    ['/no answer|loaded/', ['pay', 'profile'], [NO_ANSWER, LOADED]],
    ['route:/pay.*t$/', ['pay'], [CHARGE, NO_ANSWER]],
    // Words that look like more.
    ['http://users', ['profile'], [LOADED]],
    ['10:30:15', ['profile'], [LOADED]],
    ['/api/pay', ['pay'], []],
    ['constructor:x', [], []],
    ['__proto__:x', [], []],
  ])('%s', (search, requests, lines) => {
    expect(found(search)).toEqual({ requests, lines });
  });

  it.each(['-', 'service:', '"', '-"', '/', '//', 'a:"', ':', '\\'])(
    'never throws for %s, which may still be typed',
    (text) => {
      expect(parseSearch(text).problem).toBeUndefined();
    },
  );

  it('says what it cannot search for, and finds nothing', () => {
    expect(parseSearch('/(/').problem).toMatch(/^\/\(\/: Invalid regular expression/);
    expect(found('/(a+)+$/')).toEqual({ requests: [], lines: [] });
    expect(parseSearch('x'.repeat(MAX_SEARCH)).problem).toBeUndefined();
    expect(parseSearch('x'.repeat(MAX_SEARCH + 1)).problem).toBe('Over 2000 characters.');
    expect(parseSearch('x '.repeat(50)).problem).toBeUndefined();
    expect(parseSearch('x '.repeat(51)).problem).toBe('Over 50 words.');
  });
});

describe('patterns', () => {
  it.each([
    String.raw`timeout after \d+ms`,
    String.raw`^user-\d+ .* failed`,
    '^GET /api/(?:pay|profile)$',
    '[a-z0-9]{8}-[a-z0-9]{4}',
    String.raw`\(a\+\)\+`,
    '[(*+]+',
  ])('%s is used', (source) => {
    expect(SearchPattern.of(source)).toBeInstanceOf(SearchPattern);
  });

  it.each([
    '(a+)+',
    '(?:a|a)*',
    '(a?)*',
    '((a*))*',
    '(a{2,3})+',
    '.*.*.*x',
    'a?'.repeat(30) + 'a'.repeat(30),
    '(?:a|a)'.repeat(20),
    'a{0,9}'.repeat(20),
    '(ab)+',
    String.raw`user-\d+ .* failed`,
    String.raw`(a)\1`,
    '(?=a)',
    '(?<!a)b',
    '(',
    'a)',
    '[',
    '*',
    'x'.repeat(201),
  ])('%s is refused', (source) => {
    expect(SearchPattern.of(source)).toEqual(expect.any(String));
  });

  it.each(['.*b', 'a+b', '^[ab]*[ab]*c', '(?:a|a)(?:a|a)(?:a|a)a*b'])(
    '%s has searched through a long text in a moment',
    (source) => {
      const pattern = SearchPattern.of(source) as SearchPattern;
      const begin = performance.now();
      for (const text of ['a'.repeat(100_000), 'ab'.repeat(50_000), ' '.repeat(100_000)]) {
        pattern.test(text);
      }
      expect(performance.now() - begin).toBeLessThan(2000);
    },
  );
});
