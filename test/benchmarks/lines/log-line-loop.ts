import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Contestant, loggers } from './loggers.js';

const linesPerTurn = 4; // as a request has: a logger that writes once for each turn gains as much as there
const batches = 12;
/** Of the lines of a batch. */
const warmUp = 3;

const [, , name = '', lines = ''] = process.argv;
const contestant = await loggers[name]?.();
if (contestant === undefined) throw new Error(`No logger is called ${name}`);

const least = await contestant.within(async () => {
  await write(contestant, Number(lines) * warmUp);
  let found = Infinity;
  for (let batch = 0; batch < batches; batch++) {
    const before = process.cpuUsage();
    await write(contestant, Number(lines));
    const { user, system } = process.cpuUsage(before);
    found = Math.min(found, ((user + system) * 1_000) / Number(lines));
  }
  return found;
});
process.send?.({ nanoseconds: least });
process.disconnect?.();

async function write(contestant: Contestant, count: number): Promise<void> {
  for (let written = 0; written < count;) {
    for (let i = 0; i < linesPerTurn; i++) contestant.write(`Charging payment ${written++}`);
    await nextTurn();
  }
}
