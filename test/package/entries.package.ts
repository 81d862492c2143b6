import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { npm, Packed } from './packed.js';

const MINUTES = 60_000;
const run = promisify(execFile);

/** Prints what importing each entry gives: `ok`, or the error. */
const IMPORTS = `
  const said = {};
  for (const entry of ['metrics', 'otlp', 'testing', 'viewer']) {
    try {
      await load('nestjs-tracing/' + entry);
      said[entry] = 'ok';
    } catch (error) {
      said[entry] = error.name + ': ' + error.message;
    }
  }
  console.log(JSON.stringify(said));
`;
/** Starts an application that exports, and prints the error. */
const EXPORTS = `
  const { Module } = await load('@nestjs/common');
  const { NestFactory } = await load('@nestjs/core');
  const { TracingModule } = await load('nestjs-tracing');
  const { OtlpModule } = await load('nestjs-tracing/otlp');
  class App {}
  const options = JSON.parse(process.env.OPTIONS);
  Module({ imports: [TracingModule.forRoot(), OtlpModule.forRoot(options)] })(App);
  const silent = { logger: false, abortOnError: false };
  await NestFactory.createApplicationContext(App, silent).then(
    (app) => app.close().then(() => console.log('started')),
    (error) => console.log(error.name + ': ' + error.message),
  );
`;

let packed: Packed;
let cwd: string;

beforeAll(async () => {
  packed = await Packed.make();
  cwd = await packed.consumer('core-only');
}, 4 * MINUTES);

afterAll(() => packed.remove());

/** What a program prints, as an ES module and as CommonJS. */
async function printed(program: string, env: Record<string, string> = {}): Promise<string[]> {
  const builds = {
    'program.mjs': `import 'reflect-metadata'; const load = (name) => import(name); ${program}`,
    'program.cjs': `require('reflect-metadata'); (async (load) => {${program}})(require);`,
  };
  const output: string[] = [];
  for (const [name, text] of Object.entries(builds)) {
    writeFileSync(join(cwd, name), text);
    const { stdout } = await run(process.execPath, [name], {
      cwd,
      env: { ...process.env, ...env },
    });
    output.push(stdout.trim());
  }
  return output;
}

describe('the entries, where a package is not installed', () => {
  it('say in one error how to install all that is missing', async () => {
    const expected = {
      metrics:
        'TracingConfigError: [MISSING_PACKAGES] `nestjs-tracing/metrics` needs prom-client,' +
        ' which is not installed. Fix: install it: npm install prom-client',
      otlp: expect.stringMatching(
        /^TracingConfigError: \[MISSING_PACKAGES\] .* npm install @opentelemetry\/api @opentelemetry\/core @opentelemetry\/resources @opentelemetry\/sdk-trace @opentelemetry\/sdk-logs @opentelemetry\/exporter-trace-otlp-proto @opentelemetry\/exporter-logs-otlp-proto$/,
      ),
      testing: 'ok',
      viewer: 'ok',
    };
    const seen = (await printed(IMPORTS)).map((line) => JSON.parse(line) as object);
    expect(seen).toEqual([expected, expected]);
  });

  it(
    'name what the options need, and not what is installed or not needed',
    async () => {
      const some = ['@opentelemetry/api@~1.9', '@opentelemetry/sdk-logs@0.223', 'prom-client@15'];
      await npm(cwd, 'install', '--no-audit', '--no-fund', '--prefer-offline', ...some);
      const entries = (await printed(IMPORTS)).map((line) => JSON.parse(line) as object);
      const ok = { metrics: 'ok', otlp: 'ok', testing: 'ok', viewer: 'ok' };
      expect(entries).toEqual([ok, ok]);

      const missing = async (options: object): Promise<(string[] | null)[]> =>
        (await printed(EXPORTS, { OPTIONS: JSON.stringify(options) })).map((line) =>
          /^TracingConfigError: \[MISSING_PACKAGES\] .*: npm install (.*)$/.test(line)
            ? [
                ...line.slice(line.indexOf(': npm install')).matchAll(/opentelemetry\/([a-z-]+)@/g),
              ].map(([, name]) => name!)
            : null,
        );
      const all = ['sdk-trace', 'exporter-trace-otlp-proto', 'exporter-logs-otlp-proto'];
      expect(await missing({})).toEqual([all, all]);
      const logs = ['exporter-logs-otlp-http'];
      expect(await missing({ traces: false, protocol: 'http/json' })).toEqual([logs, logs]);
      const nothing = { OPTIONS: JSON.stringify({ traces: false, logs: false }) };
      expect(await printed(EXPORTS, nothing)).toEqual(['started', 'started']);
    },
    4 * MINUTES,
  );
});
