import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ADAPTERS } from '../soak/soaked-server.js';
import { consequence, JestRun, runArguments } from '../support/jest-run.js';
import { findProgram } from '../support/programs.js';
import { longRun } from './long-run.js';

// Runs the attack suite. What comes after `--` on the command line goes to Jest; `--strict` stays
// here. With `--requests` or `--seconds` it is the long run instead: the suite's mix at full speed.

const LONG_RUN = /^--(?:requests|seconds)(?:=|$)/;

/** What Jest writes with `--json`, as far as it is read. */
interface JestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly ancestorTitles: readonly string[];
    }[];
  }[];
}

const { isStrict, jestArgs } = runArguments();
const folder = mkdtempSync(join(tmpdir(), 'attack-'));
const report = join(folder, 'report.json');

try {
  process.exitCode = await (process.argv.some((arg) => LONG_RUN.test(arg)) ? runLong() : main());
} finally {
  rmSync(folder, { recursive: true });
}

async function main(): Promise<number> {
  const notice = browserNotice();
  if (notice !== undefined) {
    console.error(notice);
    if (isStrict) return 1;
  }
  const args = ['--json', `--outputFile=${report}`, ...jestArgs];
  const jest = JestRun.start('**/test/attack/*.attack.ts', args, process.env, '--maxWorkers=2');
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => jest.kill(name));
  }
  const code = await jest.ended;
  if (existsSync(report)) console.log(summaryOf(JSON.parse(readFileSync(report, 'utf8'))));
  // Again, below all that Jest has written.
  if (notice !== undefined) console.error(notice);
  return code;
}

/**
 * One adapter after the other: `--requests 1000000`, `--seconds 120` for each, `--adapter fastify`,
 * `--heap 96` (megabytes), `--viewer`, `--collector` (one that never answers).
 */
async function runLong(): Promise<number> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: 'Infinity' },
      seconds: { type: 'string', default: 'Infinity' },
      adapter: { type: 'string' },
      heap: { type: 'string' },
      viewer: { type: 'boolean', default: false },
      collector: { type: 'boolean', default: false },
    },
  });
  const wrong: string[] = [];
  for (const adapter of ADAPTERS.filter((one) => (values.adapter ?? one) === one)) {
    const found = await longRun({
      ...values,
      adapter,
      requests: Number(values.requests),
      seconds: Number(values.seconds),
      heap: values.heap === undefined ? undefined : Number(values.heap),
    });
    wrong.push(...found.map((line) => `${adapter}: ${line}`));
  }
  for (const line of wrong) console.error(`WRONG  ${line}`);
  console.log(wrong.length === 0 ? 'Nothing is wrong.' : `${wrong.length} reasons to look.`);
  return wrong.length === 0 ? 0 : 1;
}

/** Says what is missing; `undefined` where the browser is there, which the tests are then given. */
function browserNotice(): string | undefined {
  try {
    process.env['CHROMIUM'] ??= findProgram(['chromium', 'chromium-browser'], 'chromium');
    return undefined;
  } catch (error) {
    return `browser: ${consequence(isStrict)}. ${(error as Error).message}`;
  }
}

/** How many attacks of each theme there were: a theme is the outermost `describe` of a file. */
function summaryOf({ testResults }: JestReport): string {
  const themes = new Map<string, number>();
  let failed = 0;
  for (const { status, ancestorTitles } of testResults.flatMap((file) => file.assertionResults)) {
    if (status !== 'passed' && status !== 'failed') continue;
    const theme = ancestorTitles[0] ?? 'others';
    themes.set(theme, (themes.get(theme) ?? 0) + 1);
    if (status === 'failed') failed += 1;
  }
  const total = [...themes.values()].reduce((sum, count) => sum + count, 0);
  const each = [...themes].map(([theme, count]) => `${theme} ${count}`).join(', ');
  return `${total} attacks (${each}): ${total - failed} held, ${failed} did not.`;
}
