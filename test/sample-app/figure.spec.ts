import { describe, expect, it } from '@jest/globals';
import type { LogEntry } from '../../sample-app/src/system/log-entry.js';
import { figure } from '../../sample-app/src/terminal/figure.js';
import { printable } from '../../sample-app/src/terminal/terminal.js';
import { fit, textWidth } from '../../sample-app/src/terminal/text-width.js';

const at = (second: number): string => `2024-01-15T10:30:${second}.000Z`;

function lineOf(user: string, session: string, request: string, message: string): LogEntry {
  return {
    timestamp: at(15),
    level: 'info',
    message,
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    request_id: request,
    session_id: session,
    service: 'payments-gateway',
    user,
  };
}

const alice = (message: string): LogEntry =>
  lineOf('Alice', 'abc12345-of-alice', 'req-001', message);
const bob = (message: string): LogEntry => lineOf('Bob', 'def67890-of-bob', 'req-002', message);
const finished = (entry: LogEntry, method: string, path: string): LogEntry => ({
  ...entry,
  timestamp: at(16),
  message: 'Request finished',
  outcome: 'completed',
  method,
  path,
});

const log = [
  alice('Processing payment'),
  bob('Loading profile'),
  { ...alice('Gateway slow'), level: 'warn' },
  finished(bob(''), 'GET', '/api/profile'),
  finished(alice(''), 'POST', '/api/payment'),
];

const plain = (_style: unknown, text: string): string => text;
const drawn = (lines: readonly LogEntry[], columns: number): string =>
  figure(lines, columns, plain).replaceAll(/\d\d:\d\d:(?=\d\d)/g, 'hh:mm:');

describe('the figure in the terminal', () => {
  it('has the requests on the left, their mixed lines on the right, and the sessions below', () => {
    expect(drawn(log, 120)).toBe(`\
Requests                        Mixed log lines

┃ Alice - Payment               hh:mm:15 - INFO - [req=req-001|session=abc12345] - Processing payment
┃ POST /api/payment             hh:mm:15 - INFO - [req=req-002|session=def67890] - Loading profile
┃ Session: abc12345          →  hh:mm:15 - WARN - [req=req-001|session=abc12345] - Gateway slow
┃ Request: req-001              hh:mm:16 - INFO - [req=req-002|session=def67890] - Request finished
┃ hh:mm:15                      hh:mm:16 - INFO - [req=req-001|session=abc12345] - Request finished

┃ Bob - Profile
┃ GET /api/profile
┃ Session: def67890          →
┃ Request: req-002
┃ hh:mm:15

■ Alice (abc12345)   ■ Bob (def67890)`);
  });

  it('has the lines below the requests where the terminal is narrow', () => {
    const rows = drawn(log, 80).split('\n');

    expect(rows[0]).toBe('┃ Alice - Payment');
    expect(rows.at(-3)).toBe('hh:mm:16 - INFO - [req=req-001|session=abc12345] - Request finished');
    expect(rows.at(-1)).toBe('■ Alice (abc12345)   ■ Bob (def67890)');
  });

  it('has the color of a session on its requests, its lines and its name', () => {
    const marked = figure(log, 120, (style, text) => `<${String(style)}>${text.trim()}</>`);

    expect(marked).toContain('<blueBright>┃</> <bold,blueBright>Alice - Payment</>');
    expect(marked).toContain('<blueBright>[req=req-001|session=abc12345] - Processing payment</>');
    expect(marked).toContain(
      '<yellow>WARN</> - <blueBright>[req=req-001|session=abc12345] - Gateway slow</>',
    );
    expect(marked).toContain('<magentaBright>■</> Bob (def67890)');
  });

  it('names a session without a user by its id alone', () => {
    const { user: _, ...unknown } = finished(bob(''), 'GET', '/api/profile');
    expect(drawn([unknown], 120)).toContain('■ Session (def67890)');
  });

  it.each([100, 119, 120, 200, 99, 60])(
    'fits in %i columns, whatever script a text is in and whatever it holds',
    (columns) => {
      const texts = [
        '李小龙的付款已经完成了'.repeat(9),
        'Zoë 👩‍👩‍👧 🇩🇪'.repeat(20),
        `e${'\u0301'.repeat(5000)}`,
      ];
      const hostile = ['\u001B[2J\u001B]0;title\u0007', '\u202Egnihton', '\u200B'.repeat(300)];
      const odd = [...texts, ...hostile].flatMap((text, index) => {
        const line = lineOf(text, `session-${index}`, `req-${index}`, text);
        return [line, { ...finished(line, 'GET', `/${text}`), message: text }];
      });
      const rows = drawn(odd, columns).split('\n');

      expect(rows.slice(0, -1).filter((row) => textWidth(row) > columns)).toEqual([]);
      expect(rows.join('\n')).not.toMatch(/[^\P{C}\n\u200D]/u);
      expect(rows.join('\n').length).toBeLessThan(50_000);
    },
  );
});

describe('the width of a text', () => {
  it.each([
    ['Alice', 5],
    ['Zoë', 3],
    ['Zoe\u0308', 3],
    ['李雷', 4],
    ['한국', 4],
    ['カナ', 4],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['Ｗ', 2],
    ['', 0],
  ])('of %s is %i', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  it('is kept by a cut, also where half a character would fit', () => {
    expect(fit('Alice', 5)).toBe('Alice');
    expect(fit('Alice', 8)).toBe('Alice   ');
    expect(fit('Alice', 4)).toBe('Ali…');
    expect(fit('李雷李', 4)).toBe('李… ');
  });

  it('is that of one line, without what would drive the terminal', () => {
    expect(printable('a\u001B[31mb\u001B[0m\nc\u0007')).toBe('ab c\uFFFD');
  });
});
