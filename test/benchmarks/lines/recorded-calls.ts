import { TraceContext } from 'nestjs-tracing';
import { recorders, unwrittenCalls } from './unwritten-calls.js';

const batches = 12;
/** As a busy request has. */
const callsOfTrace = 200;

const [, , recorder = '', callsOfBatch = ''] = process.argv;
const start = recorders[recorder];
if (start === undefined) throw new Error(`No application is called ${recorder}`);
const app = await start();
const trace = app.get(TraceContext);

// All in one process: a logger of an application is called with many shapes, too.
const calls = Object.entries(unwrittenCalls).map(([name, callIn]) => [name, callIn(app)] as const);
// The loop has to be compiled before the first of them is timed.
for (const [, call] of calls) time(call);
const figures = calls.map(([name, call]) => [name, time(call)] as const);
process.send?.(Object.fromEntries(figures));
await app.close();
process.disconnect?.();

/** Nanoseconds of one call: the least of the batches. */
function time(call: (i: number) => void): number {
  let least = Infinity;
  for (let batch = 0; batch <= batches; batch++) {
    const before = process.cpuUsage();
    for (let i = 0; i < Number(callsOfBatch); i += callsOfTrace) {
      trace.run(undefined, () => {
        for (let k = 0; k < callsOfTrace; k++) call(i + k);
      });
    }
    const { user, system } = process.cpuUsage(before);
    // The first one is the warm-up.
    if (batch > 0) least = Math.min(least, ((user + system) * 1_000) / Number(callsOfBatch));
  }
  return least;
}
