import { fork } from 'node:child_process';
import { join } from 'node:path';

// Starts a process as the system does, sends its id to the test, and keeps running.

const child = fork('test/sample-app/child.ts', {
  execArgv: [
    'test/support/register-typescript.mjs',
    'sample-app/src/system/end-with-parent.ts',
  ].flatMap((file) => ['--import', join(process.cwd(), file)]),
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
child.once('message', () => process.send?.({ pid: child.pid }));
