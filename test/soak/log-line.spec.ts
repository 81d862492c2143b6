import { describe, expect, it } from '@jest/globals';
import { Findings } from './findings.js';
import { SECRET } from './introductions.js';
import { LogReader } from './log-line.js';

function readAll(...texts: string[]): { heard: string[]; findings: string[] } {
  const heard: string[] = [];
  const findings = new Findings();
  const reader = new LogReader(
    {
      spoke: (seq) => heard.push(`spoke ${seq}`),
      ended: (seq) => heard.push(`ended ${seq}`),
    },
    findings,
  );
  for (const text of texts) reader.read(text);
  return { heard, findings: findings.lines };
}

const lineOf = (fields: object): string => `${JSON.stringify({ request_id: 'r', ...fields })}\n`;

describe('the log reader', () => {
  it('finds the request of each line, wherever the output is cut', () => {
    const text =
      lineOf({ message: '#12 began' }) +
      lineOf({ message: 'Request finished', path: '/calls/13/12' }) +
      lineOf({ message: 'Run finished', job: 'run 14' });
    for (let at = 0; at < text.length; at++) {
      const { heard, findings } = readAll(text.slice(0, at), text.slice(at));
      expect(heard).toEqual(['spoke 12', 'ended 12', 'ended 14']);
      expect(findings).toEqual([]);
    }
  });

  it.each([
    ['not JSON', 'plain text\n'],
    ['not JSON', '{"request_id":"r"}\n'],
    ['a secret in the log', lineOf({ message: `#1 ${SECRET}1` })],
    ['a line that speaks of nothing', lineOf({ message: 'hello' })],
    ['a line that speaks of nothing', lineOf({ message: 'Request finished', path: '/pay' })],
    ['a line that speaks of nothing', lineOf({ message: 'x', context: 'NestApplication' })],
  ])('finds %s', (reason, text) => {
    const { findings } = readAll(text);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toContain(reason);
  });

  it('ignores what NestJS logs at startup', () => {
    const start = { message: 'started', context: 'NestApplication', request_id: '-' };
    expect(readAll(lineOf(start)).findings).toEqual([]);
  });
});
