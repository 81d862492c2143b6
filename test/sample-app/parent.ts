import { fork } from 'node:child_process';
import { join } from 'node:path';

// Starts a process as the system does, names it, and lives on.

const child = fork(join(import.meta.dirname, 'child.ts'), {
  execArgv: [
    ...process.execArgv,
    '--import',
    join(process.cwd(), 'sample-app/src/system/end-with-parent.ts'),
  ],
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
child.once('message', () => process.send?.({ pid: child.pid }));
