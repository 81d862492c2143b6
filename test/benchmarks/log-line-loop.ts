import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Contestant, loggers } from './loggers.js';
import { median } from './timing.js';

const linesPerTurn = 4; // as a request has: a logger that writes once for each turn gains as much as there
const warmUpLines = 60_000;
const lines = 60_000;
const repetitions = 5;

const contestant = await loggers[process.argv[2] ?? '']?.();
if (contestant === undefined) throw new Error(`No logger is called ${process.argv[2]}`);

const times = await contestant.within(async () => {
  await write(contestant, warmUpLines);
  const measured: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const before = process.cpuUsage();
    await write(contestant, lines);
    const { user, system } = process.cpuUsage(before);
    measured.push(((user + system) * 1_000) / lines);
  }
  return measured;
});
process.send?.(median(times));
process.disconnect?.();

async function write(contestant: Contestant, count: number): Promise<void> {
  for (let written = 0; written < count;) {
    for (let i = 0; i < linesPerTurn; i++) contestant.write(`Charging payment ${written++}`);
    await nextTurn();
  }
}
