import { describe, expect, it } from '@jest/globals';
import { problemsOfRequests } from '../../sample-app/src/demo/request-problems.js';
import type { DemoRequest } from '../../sample-app/src/demo/requests.js';
import { sortedByRequest } from '../../sample-app/src/demo/sorted-by-request.js';
import {
  countFinished,
  logProblems,
  type ExpectedLog,
} from '../../sample-app/src/demo/expected-log.js';
import type { LogEntry } from '../../sample-app/src/system/log-entry.js';
import {
  processLine,
  stepLine,
  systemLine,
  textLine,
} from '../../sample-app/src/terminal/log-line.js';

const request: DemoRequest = {
  requestId: 'req-001',
  sessionId: 'abc12345-of-alice',
  method: 'GET',
  path: '/api/status',
  expected: { status: 200, outcome: 'completed', messages: ['Status check'] },
};

const check: LogEntry = {
  timestamp: '2024-01-15T10:30:15.000Z',
  level: 'info',
  message: 'Status check',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  request_id: request.requestId,
  session_id: request.sessionId,
  service: 'payments-gateway',
};

const finish: LogEntry = {
  ...check,
  message: 'Request finished',
  method: 'GET',
  path: '/api/status',
  status_code: 200,
  outcome: 'completed',
  duration_ms: 3.456,
};

const answer = (status: number, requestId = request.requestId) => ({
  request,
  response: new Response(null, { status, headers: { 'X-Request-ID': requestId } }),
});

describe('the check of the five requests', () => {
  it('finds nothing when all is as expected', () => {
    expect(problemsOfRequests([answer(200)], [check, finish])).toEqual([]);
  });

  it.each([
    ['a status', answer(503), [check, finish], ['status', '200', '503']],
    [
      'a response header',
      answer(200, 'req-009'),
      [check, finish],
      ['X-Request-ID', 'req-001', 'req-009'],
    ],
    ['a missing line', answer(200), [finish], ['lines', '[Status check]', '[Request finished]']],
    ['a missing access log line', answer(200), [check], ['outcome', '[completed]', '[]']],
    [
      'a second access log line',
      answer(200),
      [check, finish, finish],
      ['outcome', '[completed]', '[completed, completed]'],
    ],
    [
      'an outcome',
      answer(200),
      [check, { ...finish, outcome: 'aborted' as const }],
      ['outcome', '[completed]', '[aborted]'],
    ],
    [
      'a strange session',
      answer(200),
      [{ ...check, session_id: 'def67890-of-bob' }, finish],
      ['session', 'abc12345-of-alice', '[def67890-of-bob]'],
    ],
  ])('notices %s', (_name, wrong, log, [what, expected, seen]) => {
    expect(problemsOfRequests([wrong], log)).toEqual([
      { what: `req-001, GET /api/status: ${what}`, expected, seen },
    ]);
  });
});

describe('the sorted log of the demo', () => {
  it('puts the lines below the result of their request', () => {
    const other = { request_id: 'req-000', session_id: 'def67890-of-bob' };
    const log = [check, { ...check, ...other }, finish, { ...finish, ...other }];

    expect(sortedByRequest(log).replaceAll(/\d\d:\d\d:\d\d/g, 'hh:mm:ss')).toBe(`\
req-000  session def67890  GET /api/status  200 completed in 3.5 ms
  hh:mm:ss - INFO - Status check
  hh:mm:ss - INFO - Request finished

req-001  session abc12345  GET /api/status  200 completed in 3.5 ms
  hh:mm:ss - INFO - Status check
  hh:mm:ss - INFO - Request finished`);
  });

  it('ends a failed request with its steps', () => {
    const steps = [
      { name: 'open mailbox', start_ms: 1, duration_ms: 2 },
      { name: 'fetch unread', start_ms: 3, duration_ms: 120.04, failed: true as const },
    ];
    const failed: LogEntry = { ...finish, level: 'error', outcome: 'errored', steps };

    expect(sortedByRequest([failed]).split('\n').slice(-2)).toEqual([
      '    open mailbox began at 1.0 ms, took 2.0 ms',
      '    fetch unread began at 3.0 ms, took 120.0 ms, failed',
    ]);
  });
});

describe('the check of an expected log', () => {
  const expectedLog: ExpectedLog = {
    gateway: ['Status check', 'Request finished'],
    worker: ['Message finished'],
  };
  const worked: LogEntry = { ...finish, service: 'payments-worker', message: 'Message finished' };
  const whole = [check, worked, finish];

  it('finds nothing when all is as expected', () => {
    expect(countFinished(expectedLog)).toBe(2);
    expect(logProblems(expectedLog, whole, request.sessionId)).toEqual([]);
  });

  it.each([
    ['a silent process', [check, finish], ['lines of worker', '[Message finished]', '[]']],
    [
      'a second access log line',
      [...whole, worked],
      ['lines of worker', '[Message finished]', '[Message finished, Message finished]'],
    ],
    [
      'a stranger',
      [...whole, { ...check, service: 'payments-feed' }],
      ['lines of feed', '[]', '[Status check]'],
    ],
    [
      'a strange session',
      [{ ...check, session_id: 'def67890-of-bob' }, worked, finish],
      ['session', 'abc12345-of-alice', '[def67890-of-bob]'],
    ],
    [
      'an outcome',
      [check, { ...worked, outcome: 'errored' as const }, finish],
      ['outcome of worker, Message finished', 'completed', 'errored'],
    ],
  ])('notices %s', (_name, log, [what, expected, seen]) => {
    expect(logProblems(expectedLog, log, request.sessionId)).toEqual([{ what, expected, seen }]);
  });
});

describe('a line of the demo', () => {
  const timeless = (line: string) => line.replaceAll(/\d\d:\d\d:\d\d/g, 'hh:mm:ss');

  it('says whose request it is, as the log of one service', () => {
    expect(timeless(textLine(check))).toBe(
      '2024-01-15 hh:mm:ss - INFO - [req=req-001|session=abc12345] - Status check',
    );
  });

  it('says which process wrote it, under the heading of a trace', () => {
    expect(timeless(processLine(check))).toBe('gateway  hh:mm:ss.000 INFO  Status check');
    expect(timeless(processLine(finish))).toBe(
      'gateway  hh:mm:ss.000 INFO  Request finished  GET /api/status 200 completed in 3.5 ms',
    );
  });

  it('says what a message, job or run was', () => {
    const { method: _, path: __, status_code: ___, ...of } = finish;
    const job = { ...of, transport: 'bullmq', queue: 'ledger', job: 'book' };

    expect(processLine(job)).toMatch(/ {2}bullmq ledger book completed in 3\.5 ms$/);
  });

  it('says which trace and session it is of, among those of all', () => {
    const steps = [
      { name: 'fetch unread', start_ms: 3, duration_ms: 120.04, failed: true as const },
    ];

    expect(timeless(systemLine({ ...check, steps }))).toBe(`\
0af76519 abc12345 gateway  hh:mm:ss.000 INFO  Status check
    fetch unread began at 3.0 ms, took 120.0 ms, failed`);
  });

  it('says why a step has failed, how many it is the sum of, and that it has not ended', () => {
    const failed = true as const;
    const step = { name: 'charge', start_ms: 1, duration_ms: 2 };

    expect(stepLine({ ...step, failed, status: 503, error: 'Error: out of order' })).toBe(
      '    charge began at 1.0 ms, took 2.0 ms, failed with 503: Error: out of order',
    );
    expect(stepLine({ ...step, depth: 1, count: 30 })).toBe(
      '      charge began at 1.0 ms, took 2.0 ms (30 times)',
    );
    expect(stepLine({ name: 'charge', start_ms: 1 })).toBe(
      '    charge began at 1.0 ms, did not end',
    );
  });

  it('shows the error of a request with its causes, and what the flight recorder has kept', () => {
    const cause = { name: 'SqliteError', message: 'database is locked' };
    const error = { name: 'Error', message: 'timeout', stack: 'Error: timeout\n    at …', cause };
    const kept = { ...check, level: 'debug', lock: 'message', recorded: true as const };
    const failed = { ...finish, outcome: 'errored' as const, error };

    expect(
      timeless(sortedByRequest([kept, failed]))
        .split('\n')
        .slice(1),
    ).toEqual([
      '  hh:mm:ss - DEBUG - Status check lock=message  (kept by the flight recorder)',
      '  hh:mm:ss - INFO - Request finished',
      '    Error: timeout',
      '    caused by SqliteError: database is locked',
    ]);
  });
});
