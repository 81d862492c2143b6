import { expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compiledProgram } from '../../support/compiled-program.js';

jest.setTimeout(60_000);

it.each([
  ['through the SDK', 'false', 'nestjs-tracing'],
  ['by its instrumentation alone', 'true', '@opentelemetry/instrumentation-mongodb'],
])('a call to MongoDB is recorded once %s, also by patches made again', async (_how, is, scope) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', compiledProgram('test/instrumentation/clients/sdk-mongodb.process.ts')],
    { env: { ...process.env, INSTRUMENTED: is }, timeout: 30_000 },
  );
  const recorded = {
    steps: ['work failed', 'find orders failed', 'own', 'insert orders'],
    count: 2,
    sdk: [
      { name: 'find orders', failed: true, parent: 'work', scope },
      { name: 'insert orders', failed: false, parent: 'own', scope },
    ],
  };
  expect(JSON.parse(stdout)).toEqual([recorded, recorded]);
});
