import { parseArgs } from 'node:util';
import { FAULT_NAMES } from './hand-made-faults.js';
import { INTERRUPTED } from '../support/jest-run.js';
import { tableOf } from './report.js';
import { Soak } from './soak.js';
import { ADAPTERS, type Adapter } from './soaked-server.js';

// Runs the soak: one adapter after the other, each for its share of the time.

const USAGE = `npm run soak -- [--seconds 600] [--adapter ${ADAPTERS.join('|')}] [--fault <name>]
faults: ${FAULT_NAMES.join(', ')}`;
/** Less shows nothing: a server warms up, and comes to rest twice. */
const SHORTEST_SECONDS = 15;

let running: Soak | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    running?.server.kill();
    process.exit(INTERRUPTED);
  });
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    adapter: { type: 'string' },
    fault: { type: 'string' },
  },
});
const adapters = ADAPTERS.filter((adapter) => (values.adapter ?? adapter) === adapter);
const seconds = Number(values.seconds) / adapters.length;
const isFault = values.fault === undefined || FAULT_NAMES.includes(values.fault);

if (adapters.length === 0 || !isFault || !(seconds >= SHORTEST_SECONDS)) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await soakAll(adapters);
}

async function soakAll(all: readonly Adapter[]): Promise<number> {
  const wrong: string[] = [];
  for (const adapter of all) {
    running = await Soak.start({ adapter, seconds, fault: values.fault });
    await running.run();
    console.log(tableOf(running.ledger.tallies));
    wrong.push(...running.findings.lines.map((line) => `${adapter}: ${line}`));
  }
  for (const line of wrong) console.error(`WRONG  ${line}`);
  console.log(wrong.length === 0 ? 'Nothing is wrong.' : `${wrong.length} reasons to look.`);
  return wrong.length === 0 ? 0 : 1;
}
