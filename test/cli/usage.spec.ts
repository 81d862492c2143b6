import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ENVIRONMENT, fileOf, logOf, PROGRAM, run, untangle } from './cli.js';
import { FIGURE } from './figure.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

describe('the command line', () => {
  it.each([['--help'], ['untangle', '--help'], ['help', 'untangle']])('%s %s', async (...args) => {
    const { stdout, stderr, code } = await run(args);
    expect(stdout).toMatch(/^Usage: nestjs-tracing (?:untangle )?\[options\]/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('describes every option and the exit codes', async () => {
    const { stdout } = await run(['untangle', '--help']);
    for (const option of [
      ...['request <id>', 'session <id>', 'trace <id>', 'errors', 'slower-than <ms>'],
      ...['grep <text>', 'route <route>', 'status <status>', 'service <name>', 'since <time>'],
      ...['until <time>', 'limit <count>', 'sort <by>', 'summary', 'json'],
      ...['level <level>', 'follow', 'html <file>', 'force', 'color', 'no-color', 'help'],
    ]) {
      expect(stdout).toMatch(new RegExp(`^  (?:-\\w, )?--${option} {2,}\\S`, 'm'));
    }
    expect(stdout).toContain('Exit code: 0; 1 ');
    expect(Math.max(...stdout.split('\n').map((row) => row.length))).toBeLessThanOrEqual(100);
  });

  it.each(['--version', '-V'])('%s', async (flag) => {
    expect(await run([flag])).toMatchObject({ stdout: `${version}\n`, stderr: '', code: 0 });
  });

  it.each<[string, string[], RegExp]>([
    ['no command', [], /^Usage: nestjs-tracing/],
    ['an unknown command', ['tangle'], /unknown command 'tangle'/],
    ['an unknown option', ['untangle', '--tace', 'x'], /unknown option '--tace'[\s\S]*--trace/],
    ['an option without its value', ['untangle', '--request'], /argument missing/],
    ['no number', ['untangle', '--slower-than', '1s'], /Not a number of milliseconds/],
    ['no level', ['untangle', '--level', 'loud'], /Not one of trace, debug, info, warn, error/],
    ['no pattern', ['untangle', '--grep', '/(/'], /Invalid regular expression/],
    ['a pattern that may run away', ['untangle', '-g', '/(a+)+$/'], /repeated group/],
    ['no status', ['untangle', '--status', '20'], /Not a status, such as 404/],
    ['no time', ['untangle', '--since', 'soon'], /Not a time, such as 5m, 2h/],
    ['no count', ['untangle', '-n', '0'], /Not a number from 1 to/],
    ['no order', ['untangle', '--sort', 'name'], /Allowed choices are duration/],
    [
      'two outputs',
      ['untangle', '--json', '--html', 'x'],
      /--html and --json cannot be used together/,
    ],
  ])('%s is reported on standard error, with exit code 2', async (_name, args, message) => {
    const { stdout, stderr, code } = await run(args);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(code).toBe(2);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const log = fileOf('long.log', logOf(FIGURE).repeat(20_000));
    const child = spawn(process.execPath, [...PROGRAM, 'untangle', log], { env: ENVIRONMENT });
    let stderr = '';
    child.stderr.on('data', (bytes) => (stderr += String(bytes)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(stderr).toBe('');
  });

  it('reads from its beginning what `<` gives it', async () => {
    expect((await untangle(FIGURE, ['-'])).stdout).toEqual((await untangle(FIGURE)).stdout);
  });
});
