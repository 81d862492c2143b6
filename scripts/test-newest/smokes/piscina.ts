import { TraceContext } from 'nestjs-tracing';
import { Piscina } from 'piscina';
import type { Doubled } from './double.worker.js';
import { expectThat, isTraced, smoke } from './smoke.js';

const pool = new Piscina({ filename: new URL('./double.worker.js', import.meta.url).href });

await smoke({
  work: async (n, app) => {
    const data = isTraced ? app.get(TraceContext).carry(n) : n;
    const { double, requestId } = (await pool.run(data)) as Doubled;
    expectThat(double === 2 * n, `the thread answers ${double}`);
    if (isTraced) expectThat(requestId === `request-${n}`, `the thread has ${String(requestId)}`);
  },
  after: () => pool.destroy(),
});
