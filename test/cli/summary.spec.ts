import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CountedNames } from '../../src/cli/untangle/counted-names.js';
import { Durations } from '../../src/cli/untangle/durations.js';
import { readLine } from '../../src/cli/untangle/read-line.js';
import type { RequestGroup } from '../../src/cli/untangle/request-groups.js';
import { SlowestSink } from '../../src/cli/untangle/slowest-sink.js';
import { untangle } from './cli.js';
import { ALICE, BEGINNING, BOB, FIGURE, finish, line, NOBODY } from './figure.js';

const FAILED = { ...BOB, request_id: 'req-004' };
const failure = (ms: number): object =>
  finish(ms, FAILED, {
    ...{ level: 'error', method: 'GET', path: '/fails/7', route: '/fails/:id', status_code: 503 },
    ...{ outcome: 'errored', error_id: 'e-1', duration_ms: ms, error: { message: 'no luck' } },
  });
const LOG = [
  'no entry',
  ...FIGURE,
  failure(800),
  failure(900),
  finish(
    910,
    { ...ALICE, request_id: 'r5' },
    { route: undefined, path: '/x.php', status_code: 404 },
  ),
  line(1000, NOBODY, 'Disk 7 full', { level: 'error' }),
  line(1001, NOBODY, 'Disk 8 full', { level: 'fatal' }),
  line(1002, { ...ALICE, request_id: 'r6' }, 'Goes on'),
];
const iso = (ms: number): string => new Date(BEGINNING + ms).toISOString();

describe('--summary', () => {
  it('says what was read, how long routes take, and what has failed', async () => {
    const { stdout, stderr, code } = await untangle(LOG, ['--summary']);
    const rows = stdout.split('\n');
    expect(rows.slice(0, 6)).toEqual([
      '18 lines, 1 not read',
      '2026-01-15 10:30:15.000 to 2026-01-15 10:30:16.002 (1s)',
      '7 requests: 2 failed, 0 aborted, 1 without an end',
      '3 lines outside of requests: 2 errors',
      'services: payments 7',
      '',
    ]);
    expect(rows[6]).toMatch(/^route +requests +errors +p50 +p95 +p99 +slowest$/);
    expect(rows.slice(7, 11).map((row) => row.replace(/ +/g, ' '))).toEqual([
      'GET / 2 0 26ms 31ms 31ms 31ms',
      'GET /fails/:id 2 2 800ms 900ms 900ms 900ms',
      'POST / 1 0 722ms 722ms 722ms 722ms',
      'GET (no route) 1 0 10ms 10ms 10ms 10ms',
    ]);
    expect(stdout).toContain('     2× no luck\n        first 2026-01-15 10:30:15.800 last');
    expect(stdout).toContain('error_id=e-1 request=req-004');
    expect(stdout).toContain('     2× Disk 7 full\n');
    expect([stderr, code]).toEqual(['nestjs-tracing: 1 of 18 lines could not be read\n', 0]);
  });

  it('is one JSON object with --json, of what passes the filters', async () => {
    const { stdout } = await untangle(LOG, ['--summary', '--json', '--status', '5xx']);
    expect(JSON.parse(stdout)).toEqual({
      ...{ type: 'summary', lines: 18, unread: 1, from: iso(0), to: iso(900) },
      ...{ requests: 2, failed: 2, aborted: 0, unfinished: 0, lines_outside: 0 },
      errors_outside: 0,
      services: [{ service: 'payments', count: 2 }],
      routes: [
        {
          ...{ route: 'GET /fails/:id', count: 2, errors: 2 },
          ...{ p50_ms: 800, p95_ms: 900, p99_ms: 900, max_ms: 900 },
        },
      ],
      errors: [
        {
          ...{ error_id: 'e-1', message: 'no luck', count: 2, request_id: 'req-004' },
          ...{ first_seen: iso(800), last_seen: iso(900) },
        },
      ],
      omitted: { routes: 0, errors: 0 },
    });
  });
});

describe('--json', () => {
  it('is an object for each request, and for each line outside of requests', async () => {
    const { stdout } = await untangle(LOG, ['--json']);
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row) as Record<string, unknown>);
    expect(records[0]).toEqual({
      ...{ type: 'line', time: iso(0), level: 'info', message: 'Listening' },
      ...{ context: 'NestApplication', service: 'payments' },
    });
    expect(records.map(({ type, request_id: id }) => id ?? type)).toEqual([
      ...['line', 'req-002', 'req-001', 'req-003', 'req-004', 'req-004', 'r5', 'line', 'line'],
      'r6',
    ]);
    expect(records[2]).toMatchObject({
      ...{ session_id: 'abc12345', trace_id: ALICE.trace_id, service: 'payments', ended: true },
      ...{ failed: false, started_at: iso(7.75), method: 'POST', status_code: 201 },
      duration_ms: 722.25,
    });
    const lines = records[2]!['lines'] as object[];
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatchObject({ fields: { amount: 42, card: 'ends in 4242' } });
    expect(records[4]).toMatchObject({ failed: true, error: 'no luck', error_id: 'e-1' });
    expect(records.at(-1)).toMatchObject({ ended: false });
  });
});

describe('durations', () => {
  it('have exact percentiles while there are few, and such to one per cent', () => {
    const ms = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(ms, { minLength: 1, maxLength: 600 }), (all) => {
        const durations = new Durations();
        for (const one of all) durations.add(one);
        const sorted = all.toSorted((a, b) => a - b);
        for (const percent of [1, 50, 95, 99, 100]) {
          const exact = sorted[Math.max(Math.ceil((percent / 100) * all.length), 1) - 1]!;
          const error = Math.abs(durations.percentile(percent)! - exact) / exact;
          expect(error).toBeLessThan(all.length > 256 ? 0.011 : Number.MIN_VALUE);
        }
      }),
    );
  });
});

describe('counted names', () => {
  it('keep what is in use when others flood in', () => {
    const names = new CountedNames(10, () => ({ count: 0 }));
    for (let n = 0; n < 1000; n++) {
      names.add(`flood ${n}`);
      if (n % 5 === 0) names.add('in use\ud800');
    }
    expect(names.top()[0]).toEqual(['in use\ud800', { count: 200 }]);
    const kept = names.top().reduce((sum, [, { count }]) => sum + count, 0);
    expect(names.top()).toHaveLength(10);
    expect(names.omitted + kept).toBeGreaterThan(1180);
  });
});

describe('the slowest requests', () => {
  const groupOf = (duration: number, bytes: number): RequestGroup => ({
    ...{ id: duration, lines: [], isContinued: false, wasShown: false, bytes },
    accessLogLine: readLine(finish(1, ALICE, { duration_ms: duration }))!,
  });
  const slowestOf = async (limit: number, count: number, bytes: number): Promise<number[]> => {
    const shown: number[] = [];
    const nothing = async (): Promise<void> => {};
    const sink = new SlowestSink(
      {
        group: ({ id }) => void shown.push(id),
        ...{ line: () => {}, beginSource: () => {}, other: () => {}, flush: nothing, end: nothing },
      },
      limit,
    );
    for (let n = 0; n < count; n++) sink.group(groupOf((n * 7) % count, bytes));
    await sink.end();
    return shown;
  };

  it('are kept, and no more', async () => {
    expect(await slowestOf(3, 100, 1)).toEqual([99, 98, 97]);
  });

  it('are as many as have room', async () => {
    const shown = await slowestOf(1000, 100, 2 ** 20);
    expect(shown.slice(0, 3)).toEqual([99, 98, 97]);
    expect(shown.length).toBeLessThanOrEqual(32);
  });
});
