import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { esModuleSeenFrom } from '../../src/instrumentation/installed-packages.js';

const exports = { '.': { import: './lib/a.js' }, './b': './lib/b.js' };

/** Packages by name: the manifest. All have the same files. */
const MANIFESTS: Readonly<Record<string, object>> = {
  main: { type: 'module', main: './lib/a.js' },
  'no-main': { type: 'module' },
  'main-without-extension': { type: 'module', main: 'lib/a' },
  '@scope/main': { type: 'module', main: 'lib/a.js' },
  'main-is-missing': { type: 'module', main: './lib/none.js' },
  exports: { type: 'module', main: './lib/none.js', exports },
  'null-exports': { type: 'module', main: './lib/a.js', exports: { '.': null } },
  commonjs: { main: './lib/a.js' },
};

describe('the ES module that a file gets of a package', () => {
  let folder: string;

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'installed-packages-')));
    for (const [name, manifest] of Object.entries(MANIFESTS)) {
      const files = {
        'package.json': JSON.stringify({ name, ...manifest }),
        ...{ 'index.js': '', 'lib/a.js': '', 'lib/b.js': '' },
      };
      for (const [file, text] of Object.entries(files)) {
        const path = join(folder, 'node_modules', name, file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['main', 'main/lib/a.js'],
    ['main/lib/b.js', 'main/lib/b.js'],
    ['main/lib/none.js', undefined],
    ['no-main', 'no-main/index.js'],
    ['main-without-extension', 'main-without-extension/lib/a.js'],
    ['@scope/main', '@scope/main/lib/a.js'],
    // As Node does it.
    ['main-is-missing', 'main-is-missing/index.js'],
    ['exports', 'exports/lib/a.js'],
    ['exports/b', 'exports/lib/b.js'],
    ['exports/lib/b.js', undefined],
    ['null-exports', undefined],
    ['commonjs', undefined],
    ['not-installed', undefined],
  ])('by %s is %s', (specifier, expected) => {
    const file = esModuleSeenFrom(join(folder, 'src/main.js'), specifier);
    expect(file).toBe(expected && join(folder, 'node_modules', expected));
  });
});
