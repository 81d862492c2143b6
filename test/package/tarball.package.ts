import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, Packed } from './packed.js';

const MINUTES = 60_000;
/** What the build bundles, or what only the build needs. */
const NOT_INSTALLED = ['commander', 'pbf', 'preact', 'vite'];

let packed: Packed;

beforeAll(async () => {
  packed = await Packed.make();
}, 2 * MINUTES);

afterAll(() => packed.remove());

describe('the tarball', () => {
  it('is small', () => {
    expect(packed.size).toBeLessThanOrEqual(450_000);
    expect(packed.paths.length).toBeLessThanOrEqual(900);
  });

  it('holds what a user runs and reads, and nothing else', () => {
    const isBuilt = (path: string): boolean => /^dist\/(?:esm|cjs)\/.+\.c?js$/.test(path);
    const isType = (path: string): boolean => path.endsWith('.d.ts');
    const others = packed.paths.filter((path) => !isBuilt(path) && !isType(path));
    expect(others.filter((path) => !path.startsWith('docs/')).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/THIRD-PARTY-NOTICES.txt',
      'dist/cjs/package.json',
      'dist/esm/internal/package.json',
      'dist/schematics/collection.json',
      'dist/schematics/nest-add.cjs',
      'dist/viewer-page/index.html',
      'dist/viewer-page/page.css',
      'dist/viewer-page/page.js',
      'package.json',
    ]);
    expect(packed.paths).toContain('dist/esm/cli/main.js');
    expect(packed.paths.filter((path) => path.startsWith('dist/cjs/cli/'))).toEqual([]);
    expect(others.filter((path) => path.startsWith('docs/') && !path.endsWith('.md'))).toEqual([
      'docs/images/why-it-failed.png',
    ]);
    expect(
      packed.paths.filter((path) => /\.(?:spec|test|map)\b|\/cli\/.*\/|\/page\//.test(path)),
    ).toEqual([]);
  });

  it('has the types of its entries, and what these share', () => {
    const types = packed.paths.filter((path) => path.endsWith('.d.ts'));
    for (const build of ['dist/esm', 'dist/cjs']) {
      const ofBuild = types.filter((path) => path.startsWith(`${build}/`));
      expect(ofBuild.filter((path) => !path.startsWith(`${build}/types/`)).toSorted()).toEqual(
        [
          'index',
          'metrics/index',
          'otlp/index',
          'testing/index',
          'testing/jest',
          'testing/vitest',
          'viewer/index',
        ].map((entry) => `${build}/${entry}.d.ts`),
      );
      expect(ofBuild.length).toBeLessThanOrEqual(20);
    }
  });

  it('says under which licences it contains the code of others', () => {
    const notices = readFileSync('dist/THIRD-PARTY-NOTICES.txt', 'utf8');
    expect(notices.match(/^\S+(?=@\d\S* \(.+\)$)/gm)).toEqual(['commander', 'pbf', 'preact']);
    expect(notices.match(/^Copyright /gm)!.length).toBeGreaterThan(1);
  });

  it(
    'installs nothing beside its peers on NestJS 12, and its types need nothing else',
    async () => {
      // Compiled with `skipLibCheck: false`, as ESM and as CommonJS.
      const cwd = await packed.consumer('core-only');
      const modules = join(cwd, 'node_modules');
      expect(NOT_INSTALLED.filter((name) => existsSync(join(modules, name)))).toEqual([]);
      const manifest = readFileSync(join(modules, 'nestjs-tracing/package.json'), 'utf8');
      expect(JSON.parse(manifest)).not.toHaveProperty('dependencies');
      const lines = (await npm(cwd, 'run', '--silent', 'start')).trim().split('\n');
      expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
        { build: 'esm', requestId: 'req-001', isOne: true },
        { build: 'commonjs', requestId: 'req-001', isOne: true },
      ]);
      const help = await npm(cwd, 'exec', '--', 'nestjs-tracing', 'untangle', '--help');
      expect(help).toContain('--slower-than');
    },
    4 * MINUTES,
  );
});
