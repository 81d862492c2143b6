import { TraceContext } from 'nestjs-tracing';
import { recorders, unwrittenCalls } from './unwritten-calls.js';

const batches = 12;
/** As a busy request has. */
const callsOfTrace = 200;

const [, , name = '', recorder = '', calls = ''] = process.argv;
const start = recorders[recorder];
const callIn = unwrittenCalls[name];
if (!start || !callIn) throw new Error(`Nothing is called ${name}, ${recorder}`);
const app = await start();
const call = callIn(app);
const trace = app.get(TraceContext);

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
process.send?.({ nanoseconds: least });
await app.close();
process.disconnect?.();
