import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { countOf, differencesOf, steady, type Difference, type Results } from './differences.js';
import { installPackage } from './install-package.js';
import { PRELOAD, runnerOf, type Runner } from './runners.js';

// Runs NestJS's own integration tests in a checkout of its repository, once as they are and once
// with the module in the root module of each application, and prints what is different: tests that
// pass without the module and fail with it. Tests that fail both times, such as those that need a
// broker, are no difference.

const USAGE = `npm run test:nest -- <checkout of nestjs/nest> [--only <suite>]...
  The checkout has to be installed and built: npm ci && npm run build, in its folder.
  --only names a folder of its integration/, such as hello-world.`;
/** For one suite, which may wait for brokers that are not there. */
const LONGEST_RUN_MS = 15 * 60_000;
const KEPT_OUTPUT = 2000;
const SHOWN_MESSAGE = 300;

interface Checkout {
  readonly folder: string;
  readonly runner: Runner;
}

/** What was said of one suite. */
interface SuiteReport {
  readonly suite: string;
  readonly without: Results;
  readonly withModule: Results;
  readonly differences: readonly Difference[];
}

const cleanUps: (() => void)[] = [];
let child: ReturnType<typeof spawn> | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    stop();
    cleanUp();
    process.exit(130);
  });
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string', multiple: true } },
  });
  const [given, ...others] = positionals;
  if (given === undefined || others.length > 0) {
    console.error(USAGE);
    return 2;
  }
  try {
    const checkout = openCheckout(resolve(given));
    const reports: SuiteReport[] = [];
    for (const suite of suitesOf(checkout, values.only)) {
      const report = await compare(checkout, suite);
      reports.push(report);
      console.log(lineOf(report));
    }
    return conclude(reports);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  } finally {
    cleanUp();
  }
}

/** @throws {Error} where it is no checkout that can run. */
function openCheckout(folder: string): Checkout {
  const file = join(folder, 'package.json');
  if (!existsSync(file) || !existsSync(join(folder, 'integration'))) {
    throw new Error(`${folder} is no checkout of nestjs/nest: it has no integration/`);
  }
  if (!existsSync('dist/cjs/index.js')) throw new Error('There is no build: run npm run build');
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as {
    scripts?: Record<string, string>;
  };
  const script = scripts?.['test:integration'];
  const runner = runnerOf(script);
  if (runner === undefined) throw new Error(`"${script}" is neither mocha nor vitest`);
  if (!existsSync(join(folder, 'node_modules', runner.name))) {
    throw new Error(`${runner.name} is not installed in ${folder}`);
  }
  const installed = installPackage(folder);
  cpSync('scripts/test-nest/preload.ts', join(folder, PRELOAD));
  const files = [PRELOAD, ...runner.prepare(folder)].map((name) => join(folder, name));
  cleanUps.push(() => {
    for (const path of [installed, ...files]) rmSync(path, { recursive: true, force: true });
  });
  return { folder, runner };
}

function suitesOf({ folder }: Checkout, only: readonly string[] | undefined): string[] {
  const all = readdirSync(join(folder, 'integration'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && specsOf(folder, entry.name).length > 0)
    .map(({ name }) => name);
  const unknown = only?.filter((name) => !all.includes(name)) ?? [];
  if (unknown.length > 0)
    throw new Error(`There is no suite ${unknown.join(', ')}: ${all.join(', ')}`);
  return all.filter((name) => only?.includes(name) ?? true);
}

function specsOf(folder: string, suite: string): string[] {
  const path = join('integration', suite);
  return readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts') && !file.includes('node_modules'))
    .map((file) => join(path, file))
    .toSorted();
}

/** Runs a suite both ways; where there are differences, once more, since some tests are not steady. */
async function compare(checkout: Checkout, suite: string): Promise<SuiteReport> {
  const without = await run(checkout, suite, undefined);
  const withModule = await run(checkout, suite, PRELOAD);
  let differences = differencesOf(without, withModule);
  if (differences.length > 0) {
    const again = differencesOf(
      await run(checkout, suite, undefined),
      await run(checkout, suite, PRELOAD),
    );
    differences = steady(differences, again);
  }
  return { suite, without, withModule, differences };
}

async function run(
  { folder, runner }: Checkout,
  suite: string,
  preload: string | undefined,
): Promise<Results> {
  const temporary = mkdtempSync(join(tmpdir(), 'nestjs-tracing-nest-'));
  const output = join(temporary, 'results.json');
  try {
    const { program, args } = runner.command(specsOf(folder, suite), output, preload);
    const said = await runToEnd(folder, [join('node_modules', program), ...args]);
    if (existsSync(output)) return runner.read(output, folder);
    const message = `the suite came to no end, or wrote no results: ${said}`;
    return new Map([[`${suite}: runs`, { status: 'failed', message }]]);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Resolves to its last output when it has ended, or has been ended. */
function runToEnd(cwd: string, args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    let said = '';
    const started = spawn(process.execPath, args, {
      cwd,
      // Types are what NestJS's own build checks. Both runs are alike in this.
      env: { ...process.env, TS_NODE_TRANSPILE_ONLY: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child = started;
    const keep = (text: unknown): void => {
      said = (said + String(text)).slice(-KEPT_OUTPUT);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    const timer = setTimeout(stop, LONGEST_RUN_MS);
    started.on('close', () => {
      clearTimeout(timer);
      done(said);
    });
  });
}

/** Ends what runs now, with all that it has started. */
function stop(): void {
  try {
    if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself in the meantime.
  }
}

function lineOf({ suite, without, withModule, differences }: SuiteReport): string {
  const counts = (results: Results): string =>
    `${countOf(results, 'passed')} passed, ${countOf(results, 'failed')} failed`;
  return (
    `${suite}: ${counts(without)} without the module; ${counts(withModule)} with it; ` +
    `${differences.length} different`
  );
}

function conclude(reports: readonly SuiteReport[]): number {
  const sum = (count: (report: SuiteReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  const differences = reports.flatMap((report) => report.differences);
  for (const { test, message } of differences) {
    console.log(
      `DIFFERENT  ${test}\n    ${message.slice(0, SHOWN_MESSAGE).replaceAll('\n', '\n    ')}`,
    );
  }
  console.log(
    `${sum(({ without }) => countOf(without, 'passed'))} tests pass without the module, ` +
      `${sum(({ withModule }) => countOf(withModule, 'passed'))} with it; ` +
      `${differences.length} are different`,
  );
  return differences.length === 0 ? 0 : 1;
}

function cleanUp(): void {
  for (const undo of cleanUps.splice(0)) undo();
}
