import { TraceContext } from 'nestjs-tracing';
import { recorders, unwrittenCalls } from './unwritten-calls.js';

const batches = 12;
/** As a busy request has. */
const callsOfTrace = 200;

const [, , recorder = '', calls = ''] = process.argv;
const start = recorders[recorder];
if (start === undefined) throw new Error(`No application is called ${recorder}`);
const app = await start();
const trace = app.get(TraceContext);

// All in one process: a logger of an application is called with many shapes, too.
const figures = Object.entries(unwrittenCalls).map(([name, callIn]) => [name, time(callIn(app))]);
process.send?.(Object.fromEntries(figures));
await app.close();
process.disconnect?.();

/** Nanoseconds of one call: the least of the batches. */
function time(call: (i: number) => void): number {
  let least = Infinity;
  for (let batch = 0; batch <= batches; batch++) {
    const before = process.cpuUsage();
    for (let i = 0; i < Number(calls); i += callsOfTrace) {
      trace.run(undefined, () => {
        for (let k = 0; k < callsOfTrace; k++) call(i + k);
      });
    }
    const { user, system } = process.cpuUsage(before);
    // The first one is the warm-up.
    if (batch > 0) least = Math.min(least, ((user + system) * 1_000) / Number(calls));
  }
  return least;
}
