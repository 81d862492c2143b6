import { describe, expect, it } from '@jest/globals';
import { linkSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileOf, run } from '../cli/cli.js';
import { CONTROL } from './control-text.js';
import { UNTANGLE_ATTACKS } from './untangle-attacks.js';

const MOST_MS = 10_000;
let count = 0;

describe('untangle', () => {
  it.each(UNTANGLE_ATTACKS)(
    '$name',
    async ({ log, args = [], shows = [], hides = [], code = 0 }) => {
      const file = fileOf(`attack-${++count}.log`, log);
      const startedAt = performance.now();
      const { stdout, stderr, code: ended } = await run(['untangle', ...args, file]);
      expect(performance.now() - startedAt).toBeLessThan(MOST_MS);
      expect([ended, stderr.includes('    at ')]).toEqual([code, false]);
      expect(CONTROL.exec(stdout + stderr)).toBeNull();
      for (const pattern of shows) expect(stdout).toMatch(pattern);
      for (const pattern of hides) expect(stdout).not.toMatch(pattern);
    },
  );
});

/** Names of the page that are wrong, for a log at a path. Each makes one file, if it makes any. */
const WRONG_PAGES: readonly { name: string; page: (log: string) => string; args?: string[] }[] = [
  { name: 'the log, from standard input', page: (log) => log, args: [] },
  { name: 'the log that is read', page: (log) => log },
  { name: 'the log under another path', page: (log) => `${dirname(log)}/./${basename(log)}` },
  {
    name: 'a link to the log',
    page: (log) => {
      symlinkSync(log, `${log}.link`);
      return `${log}.link`;
    },
  },
  {
    name: 'a hard link to the log',
    page: (log) => {
      linkSync(log, `${log}.hard`);
      return `${log}.hard`;
    },
  },
  { name: 'another file that is there', page: (log) => fileOf(`${basename(log)}.other`, 'mine\n') },
];

describe('untangle --html', () => {
  const LOG = '{"level":"info","message":"order saved","request_id":"order-7"}\n';

  it.each(WRONG_PAGES)('does not write over $name', async ({ page, args }) => {
    const log = fileOf(`page-${++count}.log`, LOG);
    const path = page(log);
    const before = readFileSync(path, 'utf8');
    const ended = await run(['untangle', '--html', path, ...(args ?? [log])], { stdin: LOG });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).not.toBe('');
    expect([readFileSync(log, 'utf8'), readFileSync(path, 'utf8')]).toEqual([LOG, before]);
  });

  it('writes over another file with --force, and never over the log', async () => {
    const log = fileOf('forced.log', LOG);
    const page = fileOf('forced.html', 'an older page');
    expect((await run(['untangle', '--force', '--html', page, log])).code).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('order saved');
    expect((await run(['untangle', '--force', '--html', log, log])).code).not.toBe(0);
    expect(readFileSync(log, 'utf8')).toBe(LOG);
  });
});
