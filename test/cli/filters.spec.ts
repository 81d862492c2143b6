import { describe, expect, it } from '@jest/globals';
import { untangle } from './cli.js';
import { ALICE, BOB, FIGURE, finish, line, NOBODY, STATUS } from './figure.js';

const FAILED = { ...BOB, request_id: 'req-004', session_id: 'none-of-them' };
const LOG = [
  'not JSON',
  ...FIGURE,
  line(800, FAILED, 'Going well'),
  line(801, NOBODY, 'Disk full', { level: 'error' }),
  finish(810, FAILED, { path: '/fails', status_code: 503, outcome: 'errored', level: 'error' }),
];

/** The requests that are shown, by their paths, and what else is. */
async function shown(...args: string[]): Promise<string[]> {
  const { stdout } = await untangle(LOG, args);
  return stdout
    .split('\n')
    .filter((row) => row !== '' && !row.startsWith('│'))
    .map((row) => /\/\S*(?= \d)/.exec(row)?.[0] ?? row.replace(/^\S+ \S+ \w+ +/, ''));
}

const EVERYTHING = [
  ...['not JSON', '[NestApplication] Listening', '/api/profile', '/api/payment', '/api/status'],
  ...['Disk full', '/fails'],
];

describe('a filter', () => {
  it.each<[string, string[], string[]]>([
    ['none', [], EVERYTHING],
    ['a request', ['--request', 'req-001'], ['/api/payment']],
    ['a request, short', ['-r', 'req-003'], ['/api/status']],
    [
      'a request, by its beginning',
      ['--request', 'req-00*'],
      EVERYTHING.filter((one) => one.startsWith('/')),
    ],
    ['a session', ['--session', 'abc12345'], ['/api/payment', '/api/status']],
    ['a session, by its beginning', ['-s', 'abc*'], ['/api/payment', '/api/status']],
    ['a trace', ['--trace', BOB.trace_id], ['/api/profile', '/fails']],
    ['errors', ['--errors'], ['Disk full', '/fails']],
    ['slower than', ['--slower-than', '26'], ['/api/payment', '/api/status']],
    ['slower than, with a fraction', ['--slower-than', '722.2'], ['/api/payment']],
    ['a level', ['--level', 'warn'], ['/api/payment', 'Disk full', '/fails']],
    ['a level by another name', ['-l', 'SEVERE'], ['Disk full', '/fails']],
    [
      'errors, and what is slow',
      ['-e', '--slower-than', '26'],
      [...['/api/payment', '/api/status', 'Disk full', '/fails']],
    ],
    ['text', ['--grep', 'Validating payment amount=42'], ['/api/payment']],
    ['text of any line', ['-g', 'JSON'], ['not JSON']],
    ['text of an access log line', ['-g', '/api/payment 201'], ['/api/payment']],
    ['a pattern', ['-g', '/^warn +gateway \\w+$/im'], ['/api/payment']],
    ['a route', ['--route', '/'], EVERYTHING.filter((one) => one.startsWith('/'))],
    ['a route with its method', ['--route', 'POST /'], ['/api/payment']],
    ['a status', ['--status', '503'], ['/fails']],
    ['a class of statuses', ['--status', '4xx,5XX'], ['/fails']],
    ['statuses above', ['--status', '>200'], ['/api/payment', '/fails']],
    ['a service', ['--service', 'pay*', '--status', '503'], ['/fails']],
    ['another service', ['--service', 'pay'], []],
    ['a time', ['--since', '2026-01-15T10:30:15.800Z'], ['Disk full', '/fails']],
    [
      'two times',
      ['--since', '1768473015042', '--until', '2026-01-15T10:30:15.719Z'],
      ['/api/profile', '/api/payment', '/api/status'],
    ],
    ['a limit', ['--limit', '2'], ['not JSON', '[NestApplication] Listening', '/api/profile']],
    ['the slowest', ['--sort', 'duration', '-n', '2'], ['/api/payment', '/api/status']],
    ['two', ['--session', 'abc12345', '--slower-than', '100'], ['/api/payment']],
    ['a session and a trace of another', ['-s', 'abc12345', '-t', BOB.trace_id], []],
  ])('%s', async (_name, args, expected) => {
    expect(await shown(...args)).toEqual(expected);
  });

  it('passes the longest duration that is not longer', async () => {
    expect(await shown('--slower-than', '722.25')).toEqual([]);
  });

  it.each(['--request', '--session', '--trace'])('%s takes an id whole', async (option) => {
    expect(await shown(option, 'req-00')).toEqual([]);
    expect(await shown(option, '')).toEqual([]);
  });

  it('shows whole requests, but for a level', async () => {
    const whole = await untangle(LOG, ['--request', 'req-001']);
    expect(whole.stdout.split('\n')).toHaveLength(8);
    const severe = await untangle(LOG, ['--level', 'warn']);
    expect(severe.stdout).toContain('Gateway slow');
    expect(severe.stdout).not.toMatch(/Validating|Going well/);
  });

  it('finds a request by an id that only some of its lines have', async () => {
    const lines = [
      { level: 30, time: 1, reqId: 7, msg: 'before the login' },
      { level: 30, time: 2, reqId: 7, sessionId: 's-1', msg: 'after it' },
    ];
    const { stdout } = await untangle(lines, ['--session', 's-1']);
    expect(stdout).toContain('before the login');
  });

  it('finds an id that is written with escapes', async () => {
    const text = '{"level":30,"time":1,"reqId":"a\\/b\\u003d","msg":"found"}\n';
    expect((await untangle(text, ['--request', 'a/b='])).stdout).toContain('found');
  });

  it('shows what comes behind the end of a request that it has shown', async () => {
    const lines = [
      finish(1, ALICE, { duration_ms: 999 }),
      line(2, ALICE, 'late'),
      finish(3, BOB),
      line(4, BOB, 'not asked for'),
    ];
    const { stdout } = await untangle(lines, ['--slower-than', '500']);
    expect(stdout).toContain('late');
    expect(stdout).not.toContain('not asked for');
  });

  it('knows how long a request without an end has taken', async () => {
    const lines = [line(0, STATUS, 'begins'), line(501, STATUS, 'goes on')];
    expect((await untangle(lines, ['--slower-than', '500'])).stdout).toContain('goes on');
    expect((await untangle(lines, ['--slower-than', '501'])).code).toBe(1);
  });
});

describe('the exit code', () => {
  it('is 1 if nothing passes, as grep has it', async () => {
    expect(await untangle(LOG, ['--request', 'nobody'])).toMatchObject({ stdout: '', code: 1 });
    expect((await untangle(LOG, ['--request', 'req-001'])).code).toBe(0);
  });

  it('is 0 for an empty log and no filter', async () => {
    expect(await untangle('')).toMatchObject({ stdout: '', stderr: '', code: 0 });
  });
});
