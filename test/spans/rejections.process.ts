import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom, of, type Observable } from 'rxjs';
import { runWithTrace } from '../../src/context/trace-store.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { runSpan } from '../../src/spans/run-span.js';
import { openTrace } from '../../src/trace/open-trace.js';

// Reports to its parent which rejections of spans reach the process. A test runner listens for them
// itself, so they are to be seen in a process of its own only.

const reached: string[] = [];
process.on('unhandledRejection', (error) => reached.push((error as Error).message));

const { policy } = resolveOptions();
const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
const emit = (name: string) => () => of(Promise.reject(new Error(name)));
const reject = (name: string) => () => Promise.reject(new Error(name));

runWithTrace(trace, () => {
  for (const [kind, run] of Object.entries({ span: runSpan, method: runSpan })) {
    void run('unhandled', reject(`${kind} that is not handled`));
    firstValueFrom(
      run('emitted', emit(`${kind} that is emitted and handled`)) as Observable<unknown>,
    ).catch(() => {});
    (run('emitted', emit(`${kind} that is emitted`)) as Observable<unknown>).subscribe();
    (run('handled', reject(`${kind} that is handled`)) as Promise<void>).catch(() => {});
  }
});
await sleep(10);
process.send?.({ reached });
process.disconnect?.();
