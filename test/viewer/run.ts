import { consequence, JestRun, runArguments } from '../support/jest-run.js';
import { findProgram } from '../support/programs.js';

// Runs the tests of the trace viewer in a real browser. What comes after `--` on the command line goes to
// Jest; `--strict` stays here.

const { isStrict, jestArgs } = runArguments();

process.exitCode = await main();

async function main(): Promise<number> {
  let chromium: string;
  try {
    chromium = process.env['CHROMIUM'] ?? findProgram(['chromium', 'chromium-browser'], 'chromium');
  } catch (error) {
    console.error(`browser: ${consequence(isStrict)}. ${(error as Error).message}`);
    return isStrict ? 1 : 0;
  }
  const env = { ...process.env, CHROMIUM: chromium };
  const jest = JestRun.start('**/test/viewer/browser/*.browser.ts', jestArgs, env);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => jest.kill(name));
  }
  return jest.ended;
}
