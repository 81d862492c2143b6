import { callerName, clientCallers, type ClientCaller } from './client-callers.js';

const batches = 12;

const [, , kind = '', where = '', requests = ''] = process.argv;
const name = callerName(kind, where);
const caller = await clientCallers[name]?.();
if (caller === undefined) throw new Error(`Nothing that calls a client is called ${name}`);

await check(caller);
let least = Infinity;
for (let batch = 0; batch <= batches; batch++) {
  const before = process.cpuUsage();
  for (let i = 0; i < Number(requests); i++) await caller.request();
  const { user, system } = process.cpuUsage(before);
  // What other processes take only adds to it. The first one is the warm-up.
  const perCall = ((user + system) * 1_000) / (Number(requests) * caller.calls);
  if (batch > 0) least = Math.min(least, perCall);
}
process.send?.({ nanoseconds: least });
await caller.close();
process.disconnect?.();

async function check({ request, calls, expected, count }: ClientCaller): Promise<void> {
  const recorded = await count(request);
  const wanted = expected * calls;
  if (recorded !== wanted)
    throw new Error(`${name}: ${recorded} calls are recorded, not ${wanted}`);
}
