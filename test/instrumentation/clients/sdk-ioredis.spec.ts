import { expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compiledProgram } from '../../support/compiled-program.js';

jest.setTimeout(60_000);

it.each([
  ['are steps through the SDK', 'false', ['GET', 'PIPELINE']],
  // Its spans are recorded by its processors, of which there are none here.
  ['are left to the instrumentation of the SDK', 'true', []],
])('commands to a connection or a cluster %s', async (_how, isInstrumented, steps) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', compiledProgram('test/instrumentation/clients/sdk-ioredis.process.ts')],
    { env: { ...process.env, INSTRUMENTED: isInstrumented }, timeout: 30_000 },
  );
  expect(JSON.parse(stdout)).toEqual({ connection: steps, cluster: steps });
});
