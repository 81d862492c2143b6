import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compiledProgram } from '../support/compiled-program.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'service-name-')));
const SERVICE_NAME = compiledProgram('src/options/service-name.ts');
/** Prints `defaultService()`, wherever it is started. */
const PRINTS = `
  const { defaultService } = await import(${JSON.stringify(SERVICE_NAME)});
  const { rmdirSync } = await import('node:fs');
  if (process.env.WITHOUT_CWD) rmdirSync(process.cwd());
  console.log(defaultService());
`;

/** Makes files under the temporary folder. */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(root, name);
  for (const [path, text] of Object.entries({ ...files, 'cwd/.keep': '' })) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

function printedBy(cwd: string, args: readonly string[], env: Record<string, string> = {}): string {
  const {
    OTEL_SERVICE_NAME: _otel,
    OTEL_RESOURCE_ATTRIBUTES: _attributes,
    npm_package_name: _npm,
    ...rest
  } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env: { ...rest, ...env },
    encoding: 'utf8',
  });
  return stdout.trim() || stderr;
}

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the name of the service', () => {
  it('is that of the package of the entry script, wherever the process was started', () => {
    const shop = tree('shop', {
      'package.json': '{ "name": "@acme/corner-shop" }',
      'dist/package.json': '{ "type": "module" }',
      'dist/main.js': PRINTS,
      'cjs/main.js': `void (async () => {${PRINTS}})();`,
    });
    expect(printedBy(join(shop, 'cwd'), [join(shop, 'dist/main.js')])).toBe('@acme/corner-shop');
    // As `nest start` does it: without the extension.
    expect(printedBy(root, [join(shop, 'cjs/main')])).toBe('@acme/corner-shop');
  });

  it('is that of the application within a monorepo, also if npm names the root', () => {
    const repo = tree('repo', {
      'package.json': '{ "name": "monorepo", "workspaces": ["apps/*"] }',
      'apps/orders/package.json': '{ "name": "orders" }',
      'apps/orders/dist/main.mjs': PRINTS,
    });
    const env = { npm_package_name: 'monorepo' };
    expect(printedBy(repo, ['apps/orders/dist/main.mjs'], env)).toBe('orders');
  });

  it('is never that of a tool in node_modules: there it is that of the working folder', () => {
    const app = tree('tested', {
      'package.json': '{ "name": "tested-app" }',
      'node_modules/runner/package.json': '{ "name": "runner" }',
      'node_modules/runner/bin/run.mjs': PRINTS,
      'apps/a/package.json': '{ "name": "app-a" }',
    });
    const runner = join(app, 'node_modules/runner/bin/run.mjs');
    mkdirSync(join(app, 'node_modules/.bin'));
    symlinkSync(runner, join(app, 'node_modules/.bin/runner.mjs'));
    expect(printedBy(app, [runner])).toBe('tested-app');
    expect(printedBy(join(app, 'apps/a'), [runner])).toBe('app-a');
    expect(printedBy(app, ['node_modules/.bin/runner.mjs'])).toBe('tested-app');
    // A global tool may be linked into a folder that is not called node_modules.
    symlinkSync(runner, join(app, 'apps/runner.mjs'));
    expect(printedBy(join(app, 'apps/a'), ['../runner.mjs'])).toBe('app-a');
  });

  it('is that of what PM2 runs, and not that of PM2 or of the folder it was started in', () => {
    const app = tree('managed', {
      'pm2/node_modules/pm2/package.json': '{ "name": "pm2" }',
      'pm2/node_modules/pm2/lib/ProcessContainerFork.mjs': PRINTS,
      'app/package.json': '{ "name": "managed-app" }',
      'app/dist/main.js': '',
      'package.json': '{ "name": "elsewhere" }',
    });
    const container = join(app, 'pm2/node_modules/pm2/lib/ProcessContainerFork.mjs');
    const env = { pm_exec_path: join(app, 'app/dist/main.js') };
    expect(printedBy(app, [container], env)).toBe('managed-app');
  });

  it('is that of the function on AWS Lambda, whose entry script is the runtime', () => {
    const lambda = tree('lambda', {
      'runtime/package.json': '{ "name": "runtime" }',
      'runtime/index.mjs': PRINTS,
      'task/package.json': '{ "name": "my-function" }',
    });
    const env = { LAMBDA_TASK_ROOT: join(lambda, 'task') };
    expect(printedBy(lambda, ['runtime/index.mjs'], env)).toBe('my-function');
  });

  it('is that of the working folder for `node -e`, whatever its arguments are', () => {
    const here = tree('evaluated', { 'package.json': '\uFEFF{ "name": "evaluated" }' });
    const args = ['--input-type=module', '-e', PRINTS, 'some/argument'];
    expect(printedBy(join(here, 'cwd'), args)).toBe('evaluated');
  });

  it.each([
    ['no JSON', '{ "name": '],
    ['null', 'null'],
    ['a list', '["name"]'],
    ['an empty name', '{ "name": " " }'],
    ['a number as its name', '{ "name": 1 }'],
    ['nothing', ''],
  ])('is looked for further up where a package.json holds %s', (name, text) => {
    const folder = tree(`invalid ${name}`, {
      'package.json': '{ "name": "outer" }',
      'inner/package.json': text,
      'inner/main.mjs': PRINTS,
    });
    expect(printedBy(folder, ['inner/main.mjs'])).toBe('outer');
  });

  it('is looked for further up where package.json is a folder', () => {
    const folder = tree('folder', {
      'package.json': '{ "name": "outer" }',
      'inner/package.json/x': '',
      'inner/main.mjs': PRINTS,
    });
    expect(printedBy(folder, ['inner/main.mjs'])).toBe('outer');
  });

  it('is what npm says, or unknown, where there is no package.json', () => {
    const bare = tree('bare', { 'main.mjs': PRINTS });
    expect(printedBy(bare, ['main.mjs'], { npm_package_name: 'by-npm' })).toBe('by-npm');
    expect(printedBy(bare, ['main.mjs'])).toBe('unknown_service:node');
    const env = { WITHOUT_CWD: '1' };
    const cwd = join(bare, 'gone');
    mkdirSync(cwd);
    expect(printedBy(cwd, [join(bare, 'main.mjs')], env)).toBe('unknown_service:node');
  });
});
