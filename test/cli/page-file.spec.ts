import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ENVIRONMENT, fileOf, logOf, pathOf, PROGRAM, run } from './cli.js';
import { FIGURE } from './figure.js';

const LOG = logOf(FIGURE);
let count = 0;

function logFile(content: string | Buffer = LOG): string {
  return fileOf(`kept-${++count}.log`, content);
}

/** Runs a shell command with `$UNTANGLE` in it. */
function shell(command: string): { stdout: string; stderr: string; status: number | null } {
  const UNTANGLE = [process.execPath, ...PROGRAM, 'untangle'].join(' ');
  return spawnSync('/bin/sh', ['-c', command], {
    ...{ env: { ...ENVIRONMENT, UNTANGLE }, encoding: 'utf8', timeout: 20_000 },
    maxBuffer: 2 ** 26,
  });
}

describe('--html never takes the place of what is read', () => {
  it.each<[string, (log: string) => string]>([
    ['the file', (log) => `$UNTANGLE --html ${log} ${log}`],
    [
      'another name of the path',
      (log) => `$UNTANGLE --html ${dirname(log)}/./${log.split('/').at(-1)} ${log}`,
    ],
    [
      'a symbolic link to it',
      (log) => `ln -s ${log} ${log}.link; $UNTANGLE --html ${log}.link ${log}`,
    ],
    [
      'it, read through a link',
      (log) => `ln -s ${log} ${log}.link; $UNTANGLE --html ${log} ${log}.link`,
    ],
    ['a hard link', (log) => `ln ${log} ${log}.hard; $UNTANGLE --html ${log}.hard ${log}`],
    ['standard input', (log) => `$UNTANGLE --html ${log} < ${log}`],
    ['standard input as -', (log) => `$UNTANGLE --html ${log} - < ${log}`],
    ['one of several', (log) => `$UNTANGLE --html ${log} /dev/null ${log}`],
    ['while it follows', (log) => `$UNTANGLE -f --html ${log} ${log}`],
  ])('%s', (_name, command) => {
    for (const force of ['', ' --force']) {
      const log = logFile();
      const { stderr, status, stdout } = shell(command(log).replace('--html', `${force} --html`));
      expect(readFileSync(log, 'utf8')).toBe(LOG);
      expect(stderr).toContain('is one of the files to read, so the page cannot be written there');
      expect(stderr).toContain('--html out.html ');
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    }
  });

  it('a packed file', async () => {
    const packed = gzipSync(LOG);
    const log = logFile(packed);
    expect(await run(['untangle', '--force', '--html', log, log])).toMatchObject({ code: 2 });
    expect(readFileSync(log)).toEqual(packed);
  });

  it('by the name of standard output', () => {
    const log = logFile();
    for (const name of ['-', '/dev/stdout']) {
      const { stderr, status } = shell(`$UNTANGLE --force --html ${name} ${log} >> ${log}`);
      expect(stderr).toContain('standard output goes to one of the files to read');
      expect(status).toBe(2);
    }
    expect(readFileSync(log, 'utf8')).toBe(LOG);
  });
});

it('text is not added to the file that is read, which would have no end', () => {
  const log = logFile();
  for (const command of [`$UNTANGLE ${log} >> ${log}`, `$UNTANGLE < ${log} >> ${log}`]) {
    expect(shell(command)).toMatchObject({ status: 2 });
  }
  expect(readFileSync(log, 'utf8')).toBe(LOG);
});

describe('--html and a file that exists', () => {
  it('leaves it, and says how to replace it', async () => {
    const page = fileOf('existing.html', 'mine');
    const { stderr, code } = await run(['untangle', '--html', page, logFile()]);
    expect(stderr).toBe(`nestjs-tracing: ${page} exists; --force replaces it\n`);
    expect(code).toBe(2);
    expect(readFileSync(page, 'utf8')).toBe('mine');
  });

  it('leaves a log whose own name was forgotten', async () => {
    const log = logFile();
    const { stderr, code } = await run(['untangle', '--html', log], { stdin: LOG });
    expect(stderr).toBe(
      `nestjs-tracing: ${log} exists; --force replaces it. If that is the log: --html out.html ${log}\n`,
    );
    expect(code).toBe(2);
    expect(readFileSync(log, 'utf8')).toBe(LOG);
  });

  it('leaves a link to nothing, and a folder', async () => {
    const link = pathOf('dangling.html');
    symlinkSync(pathOf('nothing-there'), link);
    expect(await run(['untangle', '--html', link, logFile()])).toMatchObject({ code: 2 });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    const folder = pathOf('folder.html');
    mkdirSync(folder);
    const { stderr } = await run(['untangle', '--force', '--html', folder, logFile()]);
    expect(stderr).toBe(`nestjs-tracing: ${folder} is a directory\n`);
  });

  it('replaces it with --force, where a link points to, and leaves nothing else behind', async () => {
    const page = fileOf('replaced.html', 'old');
    const link = pathOf('replaced-link.html');
    symlinkSync(page, link);
    const other = pathOf('replaced-hard.html');
    linkSync(page, other);
    expect(await run(['untangle', '--force', '--html', link, logFile()])).toMatchObject({
      code: 0,
    });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(page, 'utf8')).toContain('"req-003"');
    expect(readFileSync(other, 'utf8')).toBe('old');
    expect(readdirSync(dirname(page)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('leaves one that was made while the log was read', () => {
    const page = pathOf('made-meanwhile.html');
    const log = logFile();
    const { stderr, status } = shell(
      `(cat ${log}; sleep 2; echo mine > ${page}) | $UNTANGLE --html ${page} -`,
    );
    expect(stderr).toContain(`${page} exists; --force replaces it`);
    expect(status).toBe(2);
    expect(readFileSync(page, 'utf8')).toBe('mine\n');
  });

  it('writes into a pipe and to standard output', () => {
    const log = logFile();
    for (const name of ['-', '/dev/stdout']) {
      const { stdout, status } = shell(`$UNTANGLE --html ${name} ${log} | cat`);
      expect(stdout).toContain('"req-003"');
      expect(stdout.trimEnd().endsWith('</html>')).toBe(true);
      expect(status).toBe(0);
    }
    const out = pathOf('redirected.html');
    expect(shell(`$UNTANGLE --html /dev/stdout ${log} > ${out}`)).toMatchObject({ status: 0 });
    expect(readFileSync(out, 'utf8')).toContain('"req-003"');
    expect(shell(`$UNTANGLE --html /dev/null ${log}`)).toMatchObject({ status: 0 });
  });
});
