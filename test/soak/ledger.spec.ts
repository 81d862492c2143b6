import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Answer } from './answer.js';
import { Findings } from './findings.js';
import { SECRET, type Introduction } from './introductions.js';
import { Ledger } from './ledger.js';
import type { LogLine } from './log-line.js';
import { PLAYS, type RequestKind } from './traffic.js';

const kindOf = (name: string): RequestKind =>
  PLAYS.flatMap(({ requests }) => requests).find((kind) => kind.name === name)!;

const success = kindOf('success');
const introduction: Introduction = {
  headers: '',
  ids: { trace_id: 't-1', request_id: 'r-1', session_id: 's-1' },
};
const ids = { ...introduction.ids, span_id: 'a'.repeat(16) } as LogLine;
const speech: LogLine = { ...ids, level: 'info', message: '#1 began' };
const finish: LogLine = {
  ...ids,
  level: 'info',
  message: 'Request finished',
  outcome: 'completed',
  status_code: 200,
  handler: 'SoakController.pay',
  duration_ms: 3.5,
};
const answer = answerWith('HTTP/1.1 200 OK\r\nX-Request-ID: r-1\r\nX-Trace-ID: t-1\r\n\r\n');

function answerWith(head: string, body = '{"seq":"1"}'): Answer {
  const status = Number(head.slice(9, 12));
  return { status, head, body, isWhole: true, isLast: false, length: 0 };
}

describe('the ledger', () => {
  let now = 0;
  let findings: Findings;
  let ledger: Ledger;

  beforeEach(() => {
    now = 0;
    findings = new Findings();
    ledger = new Ledger(findings, () => now);
  });

  /** A complete request, except for what is replaced. */
  function play({ lines = [speech, speech, speech], finishes = [finish], by = answer } = {}): void {
    const seq = ledger.take(success);
    ledger.expect(seq, success, { ...introduction, ids: { ...introduction.ids } });
    for (const line of lines) ledger.spoke(seq, line);
    ledger.answered(seq, by, true);
    for (const line of finishes) ledger.ended(seq, line);
  }

  it('releases a request that is complete, in any order', () => {
    play();
    expect(ledger.open).toBe(0);

    const seq = ledger.take(success);
    ledger.expect(seq, success, { headers: '', ids: {} });
    const own = {
      trace_id: 'b'.repeat(32),
      request_id: '00000000-0000-4000-8000-000000000000',
      session_id: '00000000-0000-4000-8000-000000000001',
      span_id: 'b'.repeat(16),
    };
    ledger.ended(seq, { ...finish, ...own });
    ledger.left(seq);
    for (let line = 0; line < 3; line++) ledger.spoke(seq, { ...speech, ...own });
    expect(ledger.open).toBe(0);
    expect(findings.lines).toEqual([]);
    expect(ledger.tallies.get('success')).toEqual({ sent: 2, finished: 2, lines: 6, wrong: 0 });
  });

  it.each([
    ['another outcome', { outcome: 'aborted' }],
    ['another status_code', { status_code: 201 }],
    ['another level', { level: 'warn' }],
    ['another handler', { handler: 'SoakController.order' }],
    ['another list of steps', { steps: [{ name: 'charge' }] }],
    ['no duration', { duration_ms: 0 }],
    ['a path with a query', { path: '/pay/1?session_id=s-1' }],
    ['another trace_id on a line', { trace_id: 't-2' }],
    ['no request_id on a line', { request_id: '-' }],
    ['another session_id on a line', { session_id: 's-2' }],
    ['another span_id', { span_id: 'c'.repeat(16) }],
    ['a field of another', { seq: '2' }],
  ])('finds %s', (reason, wrong) => {
    play({ finishes: [{ ...finish, ...wrong }] });
    expect(findings.lines).toHaveLength(1);
    expect(findings.lines[0]).toContain(`1 × ${reason}: #1 (success)`);
  });

  it.each([
    [
      'another status',
      answerWith('HTTP/1.1 500 X\r\nX-Request-ID: r-1\r\nX-Trace-ID: t-1\r\n\r\n'),
    ],
    [
      'another request_id',
      answerWith('HTTP/1.1 200 OK\r\nX-Request-ID: r\r\nX-Trace-ID: t-1\r\n\r\n'),
    ],
    ['no trace_id', answerWith('HTTP/1.1 200 OK\r\nX-Request-ID: r-1\r\n\r\n')],
    ['the answer of another', { ...answer, body: '{"seq":"2"}' }],
    ['an answer that is broken', { ...answer, isWhole: false }],
    ['a secret on the answer', { ...answer, head: `${answer.head}${SECRET}1` }],
  ])('finds %s on an answer', (reason, by) => {
    play({ by });
    expect(findings.lines).toHaveLength(1);
    expect(findings.lines[0]).toContain(reason);
  });

  it('finds ids that neither the client sent nor a server would make', () => {
    const seq = ledger.take(success);
    ledger.expect(seq, success, { headers: '', ids: {} });
    ledger.spoke(seq, { ...speech, request_id: 'invented' });
    expect(findings.lines.join()).toContain('a request_id on a line that was not sent');
  });

  it('finds a second access log line and a line too many, also behind the last', () => {
    play({ finishes: [finish, finish] });
    ledger.spoke(1, speech);
    ledger.spoke(99, speech);
    expect(findings.lines).toEqual([
      expect.stringContaining('2 × a line after all was there'),
      expect.stringContaining('1 × a line of nothing that was sent'),
    ]);
    play({ lines: [speech, speech, speech, speech], finishes: [{ ...finish, span_id: 'd' }] });
    expect(findings.lines.join()).toContain('a line too many: #2');
  });

  it('finds the span id of a line that should have one of its own', () => {
    play({ lines: [speech, { ...speech, in_span: true }, speech] });
    expect(findings.lines.join()).toContain('no span id of its own');
  });

  it('finds a span id that two requests have', () => {
    play();
    play({ by: { ...answer, body: '' } });
    expect(findings.lines.join()).toContain('a span id twice: #2');
  });

  it('reports what is missing after a timeout, once', () => {
    play({ lines: [speech], finishes: [] });
    now = 9_999;
    ledger.sweep();
    expect(findings.count).toBe(0);
    now = 10_000;
    ledger.sweep();
    expect(findings.lines).toEqual([
      expect.stringContaining('1 × no access log line: #1 (success)'),
      expect.stringContaining('1 × lines missing: #1 (success) 1 of 3'),
    ]);
    ledger.ended(1, finish);
    expect(findings.count).toBe(2);
    expect(ledger.open).toBe(0);
  });

  it('expects the ids of a request on the call that its handler makes, and not on its run', () => {
    const call = kindOf('a call to itself');
    const seq = ledger.take(call);
    expect(ledger.take(call)).toBe(seq + 2);
    ledger.expect(seq, call, { headers: '', ids: { request_id: 'r-1' } });
    ledger.spoke(seq + 1, { ...speech, trace_id: 'e'.repeat(32), request_id: 'r-2' });
    expect(findings.lines[0]).toContain('another request_id');

    const run = kindOf('a run inside');
    const other = ledger.take(run);
    ledger.expect(other, run, introduction);
    ledger.spoke(other + 1, { ...speech, request_id: `run-${other + 1}` });
    expect(findings.lines.slice(1).join()).not.toContain('request_id');
    expect(findings.lines.slice(1).join()).toContain('another trace_id');
  });
});
