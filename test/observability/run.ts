import { consequence, INTERRUPTED, JestRun, runArguments } from '../support/jest-run.js';
import { findProgram } from '../support/programs.js';
import { StartedPrometheus } from './started-prometheus.js';

// Runs the tests that need Prometheus: on one of their own, which is removed afterwards. What comes
// after `--` on the command line goes to Jest; `--strict` stays here.

const DEBIAN_PACKAGE = 'prometheus';

const { isStrict, jestArgs } = runArguments();

let jest: JestRun | undefined;
let isInterrupted = false;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    isInterrupted = true;
    jest?.kill(name);
  });
}
process.exitCode = await main();

async function main(): Promise<number> {
  let promtool: string;
  let prometheus: StartedPrometheus;
  try {
    promtool = findProgram(['promtool'], DEBIAN_PACKAGE);
    prometheus = await StartedPrometheus.start(findProgram(['prometheus'], DEBIAN_PACKAGE));
  } catch (error) {
    console.error(`prometheus: ${consequence(isStrict)}. ${(error as Error).message}`);
    return isStrict ? 1 : 0;
  }
  try {
    console.log(`prometheus: started, ${prometheus.url}`);
    return isInterrupted ? INTERRUPTED : await runJest(promtool, prometheus);
  } finally {
    await prometheus.remove();
  }
}

function runJest(promtool: string, { url, targets }: StartedPrometheus): Promise<number> {
  jest = JestRun.start('**/test/observability/*.observability.ts', jestArgs, {
    ...process.env,
    PROMTOOL: promtool,
    PROMETHEUS_URL: url,
    PROMETHEUS_TARGETS: targets,
  });
  return jest.ended;
}
