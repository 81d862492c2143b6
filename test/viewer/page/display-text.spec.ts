import { describe, expect, it } from '@jest/globals';
import type { ViewRequest } from '../../../src/viewer/view-records.js';
import { durationText } from '../../../src/viewer/duration-text.js';
import { sessionLabel, timeText } from '../../../src/viewer/page/text/display-text.js';
import { titleOf } from '../../../src/viewer/request-title.js';
import { aRequest } from '../view-records.js';

describe('titleOf', () => {
  const none = { method: undefined, path: undefined };
  it.each<[string, Partial<ViewRequest>]>([
    ['POST /api/payment', { method: 'POST', path: '/api/payment', route: '/api/payment' }],
    ['GET /users/:id', { path: undefined, route: '/users/:id' }],
    ['GET', { path: undefined }],
    ['POST /graphql Pay', { method: 'POST', path: '/graphql', graphql_operation: 'Pay' }],
    [
      'POST /mcp tools/call charge',
      { method: 'POST', path: '/mcp', mcp_method: 'tools/call', mcp_tool: 'charge' },
    ],
    [
      'tcp payment.charge',
      { ...none, kind: 'message', transport: 'tcp', pattern: 'payment.charge' },
    ],
    [
      'bullmq ledger book',
      { ...none, kind: 'job', transport: 'bullmq', queue: 'ledger', job: 'book' },
    ],
    ['cron Reports.nightly', { ...none, kind: 'run', transport: 'cron', job: 'Reports.nightly' }],
    ['Reports.nightly', { ...none, kind: 'run', handler: 'Reports.nightly' }],
    ['run', { ...none, kind: 'run' }],
  ])('%s', (title, overrides) => {
    expect(titleOf(aRequest('1', { ...overrides }))).toBe(title);
  });
});

describe('sessionLabel', () => {
  it('is eight characters', () => {
    expect(sessionLabel('123456789')).toBe('12345678');
    expect(sessionLabel('1234')).toBe('1234');
  });
});

describe('timeText', () => {
  it('is the local time of day', () => {
    expect(timeText(new Date(2024, 0, 15, 9, 5, 3, 7).getTime())).toBe('09:05:03.007');
    expect(timeText(new Date(2024, 0, 15, 23, 59, 59, 999).getTime() + 0.9)).toBe('23:59:59.999');
  });

  it('is a placeholder for an invalid time', () => {
    expect(timeText(1e300)).toBe('--:--:--.---');
  });
});

describe('durationText', () => {
  it.each([
    [0, '0 ms'],
    [0.004, '0 ms'],
    [0.42, '0.42 ms'],
    [9.994, '9.99 ms'],
    [9.996, '10 ms'],
    [18.54, '18.5 ms'],
    [99.94, '99.9 ms'],
    [99.96, '100 ms'],
    [185.4, '185 ms'],
    [999.4, '999 ms'],
    [999.5, '1 s'],
    [1240, '1.24 s'],
    [12_340, '12.3 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min'],
    [125_000, '2 min 5 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_500, '1 h'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '25 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
