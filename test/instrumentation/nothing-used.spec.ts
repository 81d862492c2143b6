import { afterAll, describe, expect, it } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compiledProgram } from '../support/compiled-program.js';

const PROGRAM = compiledProgram('test/instrumentation/nothing-used.process.ts');
const NOTE_LOADED = pathToFileURL(resolve('test/support/note-loaded.mjs')).href;
const START_MS = 30_000;

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** The packages that an application has loaded which declares everything and imports NestJS. */
async function loadedPackages(env: Record<string, string>): Promise<Set<string>> {
  const folder = mkdtempSync(join(tmpdir(), 'nothing-used-'));
  folders.push(folder);
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'nothing-used', dependencies: devDependencies }),
  );
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
  const log = join(folder, 'loaded');
  writeFileSync(log, '');
  const { NODE_OPTIONS: _, ...own } = process.env;
  const child = fork(PROGRAM, [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    cwd: folder,
    execArgv: ['--import', NOTE_LOADED],
    env: { ...own, LOADED_LOG: log, ...env },
  });
  const [files] = (await once(child, 'message')) as [string[]];
  const all = [...files, ...readFileSync(log, 'utf8').split('\n')];
  return new Set(all.map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? ''));
}

describe('an application that has everything and uses nothing of it', () => {
  it(
    'loads no package that it would not load without tracing, but those of the module itself',
    async () => {
      const without = await loadedPackages({ TRACED: 'false' });
      const loaded = await loadedPackages({});
      const added = [...loaded].filter((name) => !without.has(name));
      expect(added).toEqual([]);
    },
    START_MS,
  );
});
