import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { addResult, type Result, type Results } from './differences.js';

// The programs that run NestJS's own integration tests: mocha up to 11, vitest from 12 on.

/** A command, run in the checkout. */
interface Command {
  /** Relative to `node_modules`. */
  readonly program: string;
  readonly args: readonly string[];
}

/** How the integration tests of a checkout are run, and what they say is read. */
export interface Runner {
  readonly name: string;
  /** @param preload a file that is loaded before the tests, if there is one. */
  command(specs: readonly string[], output: string, preload: string | undefined): Command;
  read(output: string, checkout: string): Results;
  /** Files that the commands need in the checkout, beside the preload. */
  prepare(checkout: string): readonly string[];
}

interface MochaTest {
  readonly fullTitle: string;
  readonly file?: string | null;
  readonly err: { readonly message?: string };
}

interface VitestFile {
  readonly name: string;
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages?: readonly string[] | null;
  }[];
}

const MOCHA: Runner = {
  name: 'mocha',
  command: (specs, output, preload) => ({
    program: 'mocha/bin/mocha.js',
    args: [
      ...['--reporter', 'json', '--reporter-option', `output=${output}`, '--exit'],
      // Loaded before the tests, and behind what the checkout itself requires, such as ts-node.
      ...(preload === undefined ? [] : ['--file', preload]),
      ...specs,
    ],
  }),
  read(output, checkout) {
    const { tests, failures, pending } = JSON.parse(readFileSync(output, 'utf8')) as Record<
      'tests' | 'failures' | 'pending',
      MochaTest[]
    >;
    const nameOf = ({ file, fullTitle }: MochaTest): string =>
      `${relative(checkout, file ?? '')}: ${fullTitle}`;
    const skipped = new Set(pending.map(nameOf));
    const results = new Map<string, Result>();
    for (const test of tests) {
      const { message } = test.err;
      const status =
        message !== undefined ? 'failed' : skipped.has(nameOf(test)) ? 'skipped' : 'passed';
      addResult(results, nameOf(test), { status, ...(message !== undefined && { message }) });
    }
    // Hooks that fail are no tests; those behind them do not run.
    for (const failure of failures) {
      if (results.has(nameOf(failure))) continue;
      addResult(results, nameOf(failure), {
        status: 'failed',
        message: String(failure.err.message),
      });
    }
    return results;
  },
  prepare: () => [],
};

const CONFIG = 'vitest.config.nestjs-tracing.mts';
const TRACED_CONFIG = 'vitest.config.nestjs-tracing-preload.mts';
/** Inlined, so that they share NestJS with the tests, which load it as TypeScript. */
const INLINED = String.raw`[/nestjs-(?:tracing|cls)\/dist\//]`;

const VITEST: Runner = {
  name: 'vitest',
  command: (specs, output, preload) => ({
    program: 'vitest/vitest.mjs',
    args: [
      ...['run', '--config', preload === undefined ? CONFIG : TRACED_CONFIG, '--passWithNoTests'],
      ...['--reporter=json', `--outputFile=${output}`, ...specs],
    ],
  }),
  read(output, checkout) {
    const { testResults } = JSON.parse(readFileSync(output, 'utf8')) as {
      testResults: VitestFile[];
    };
    const results = new Map<string, Result>();
    for (const { name, message, assertionResults } of testResults) {
      const file = relative(checkout, name);
      if (assertionResults.length === 0 && message) {
        addResult(results, `${file}: is loaded`, { status: 'failed', message });
      }
      for (const { fullName, status, failureMessages } of assertionResults) {
        addResult(results, `${file}: ${fullName}`, {
          status: status === 'passed' || status === 'failed' ? status : 'skipped',
          ...(failureMessages?.[0] !== undefined && { message: failureMessages[0] }),
        });
      }
    }
    return results;
  },
  prepare(checkout) {
    const own = ['vitest.config.integration.mts', 'vitest.config.mts', 'vitest.config.ts'].find(
      (file) => existsSync(join(checkout, file)),
    );
    const base = own === undefined ? '{}' : 'base';
    const header = own === undefined ? '' : `import base from './${own}';\n`;
    const write = (file: string, setupFiles: string): string => {
      writeFileSync(
        join(checkout, file),
        `${header}import { mergeConfig } from 'vitest/config';\n` +
          `export default mergeConfig(${base}, {\n` +
          `  test: { setupFiles: ${setupFiles}, server: { deps: { inline: ${INLINED} } } },\n});\n`,
      );
      return file;
    };
    return [write(CONFIG, '[]'), write(TRACED_CONFIG, `['./${PRELOAD}']`)];
  },
};

/** Where the preload is in the checkout, so that it finds what the tests find. */
export const PRELOAD = 'integration/nestjs-tracing-preload.ts';

/** The runner that a checkout's script `test:integration` calls. */
export function runnerOf(script: string | undefined): Runner | undefined {
  return [MOCHA, VITEST].find(({ name }) => script?.includes(name));
}
