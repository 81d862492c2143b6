import { describe, expect, it } from '@jest/globals';
import { addDependencies } from '../../src/schematics/add-dependencies.js';
import type { NestAddOptions } from '../../src/schematics/entry-file.js';
import { add, MAIN, MANIFEST, MemoryTree, MODULE } from './memory-tree.js';

const MONOREPO = JSON.stringify({
  monorepo: true,
  sourceRoot: 'apps/shop/src',
  projects: {
    shop: { type: 'application', sourceRoot: 'apps/shop/src' },
    admin: { type: 'application', sourceRoot: 'apps/admin/src', entryFile: 'server' },
  },
});
const APPS = {
  'nest-cli.json': MONOREPO,
  'apps/shop/src/main.ts': MAIN,
  'apps/shop/src/app.module.ts': MODULE,
  'apps/admin/src/server.ts': MAIN,
  'apps/admin/src/app.module.ts': MODULE,
};

function changed(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
) {
  return Object.keys(before).filter((path) => before[path] !== after[path]);
}

/** The ranges that a project gets. */
function ranges(manifest: object, node = '24.1.0'): unknown {
  const tree = new MemoryTree({ 'package.json': JSON.stringify(manifest) });
  addDependencies(tree, node);
  return JSON.parse(tree.files.get('package.json')!).dependencies;
}

describe('nest add nestjs-tracing', () => {
  it('changes nothing when it runs again', () => {
    const once = add();
    const again = add(once.files);
    expect(again.files).toEqual(once.files);
    expect(again.warnings).toEqual([]);
    expect(again.installedWith).toEqual([]);
  });

  it.each<[string, Record<string, string>, string[], NestAddOptions?]>([
    ['src', {}, ['src/app.module.ts', 'src/main.ts']],
    ['the default project', APPS, ['apps/shop/src/main.ts', 'apps/shop/src/app.module.ts']],
    [
      'the named one',
      APPS,
      ['apps/admin/src/server.ts', 'apps/admin/src/app.module.ts'],
      { project: 'admin' },
    ],
    [
      'that of a folder',
      APPS,
      ['apps/admin/src/server.ts', 'apps/admin/src/app.module.ts'],
      { sourceRoot: 'apps/admin/src' },
    ],
  ])('changes %s', (_, files, paths, options = {}) => {
    const before: Record<string, string> = {
      'src/main.ts': MAIN,
      'src/app.module.ts': MODULE,
      ...files,
    };
    const { files: after, warnings } = add(files, options);
    expect(warnings).toEqual([]);
    expect(changed(before, after).toSorted()).toEqual(paths.toSorted());
  });

  it('refuses a project that does not exist', () => {
    expect(() => add(APPS, { project: 'amdin' })).toThrow(
      'nest-cli.json has no project "amdin". Use one of shop, admin.',
    );
    expect(() => add({}, { project: 'shop' })).toThrow('Leave out `--project`.');
  });

  it.each([
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
    ['package-lock.json', 'npm'],
    ['README.md', 'npm'],
  ])('installs beside %s with %s', (file, manager) => {
    expect(add({ [file]: '' }).installedWith).toEqual([manager]);
    expect(add({ [file]: '' }, { skipInstall: true }).installedWith).toEqual([]);
  });

  it('explains everything where there is nothing to change', () => {
    const { warnings } = add({ 'src/main.ts': undefined });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('There is no src/main.ts');
    expect(warnings[0]).toContain('imports: [TracingModule.forRoot()]');
    expect(add({ 'src/main.ts': 'start();' }).warnings[0]).toContain(
      'src/main.ts does not call NestFactory.',
    );
  });
});

describe('package.json', () => {
  it('keeps its form', () => {
    const manifest = `\uFEFF${MANIFEST.replaceAll('  ', '\t').replaceAll('\n', '\r\n')}\r\n`;
    const { files, infos } = add({ 'package.json': manifest });
    expect(infos).toEqual([
      expect.stringMatching(/^Added nestjs-cls@\^\d.* and winston@\^3\.0\.0\.$/),
    ]);
    expect(files['package.json']).toMatch(
      /^\uFEFF\{\r\n\t"name": "shop",\r\n\t"dependencies": \{\r\n\t\t"@nestjs\/core": "\^12\.0\.0",\r\n\t\t"nestjs-cls": "[^"]+",\r\n\t\t"rxjs": "\^7\.8\.1",\r\n\t\t"winston": "\^3\.0\.0"\r\n\t\}\r\n\}\r\n$/,
    );
  });

  it('gets the version of nestjs-cls that works there', () => {
    const nest11 = { '@nestjs/core': '^11.0.1' };
    expect(ranges({})).toMatchObject({ 'nestjs-cls': '^7.0.0' });
    expect(ranges({}, '20.19.0')).toMatchObject({ 'nestjs-cls': '^6.2.0' });
    expect(ranges({ dependencies: nest11 })).toMatchObject({ 'nestjs-cls': '^7.0.0' });
    expect(ranges({ type: 'module', dependencies: nest11 })).toMatchObject({
      'nestjs-cls': '^6.2.0',
    });
  });

  it('keeps what the project has, and says if that is too old', () => {
    const dependencies = { 'nestjs-cls': '^5.4.1', winston: '3' };
    const tree = new MemoryTree({ 'package.json': JSON.stringify({ dependencies }) });
    expect(addDependencies(tree, '24.0.0')).toEqual({
      added: [],
      tooOld: ['nestjs-cls ^5.4.1 (from 6.2 on)'],
    });
    expect(ranges({ devDependencies: { winston: '^3.1.0', 'nestjs-cls': '^6' } })).toBeUndefined();
  });
});
