import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  allowanceFor,
  type Budget,
  type BudgetFile,
  type Counts,
  difference,
  excesses,
  merge,
} from './budget.js';
import { count } from './count.js';
import { canCountInstructions } from './instructions.js';
import { comparisons, type Subject } from './subjects.js';
import { table } from './table.js';

const { values: flags } = parseArgs({
  options: {
    /** Makes what is counted now the budget of this version of Node. */
    record: { type: 'boolean', default: false },
  },
});

const file = new URL('../../../test/benchmarks/budget/budget.json', import.meta.url);
const recorded = JSON.parse(readFileSync(file, 'utf8')) as BudgetFile;
const version = process.versions.node.split('.')[0]!;
const withInstructions = canCountInstructions();

let counted = await countAll();
// What is in the way of a count only adds to it, and not each time: a budget is the dearer of two
// runs, and above it is who is so in two.
if (flags.record) counted = merge(counted, await countAll(), Math.max);
const budget = flags.record ? record(counted) : recorded[version];
if (faultsIn(counted).length > 0) counted = merge(counted, await countAll(), Math.min);

console.log(`What nestjs-tracing adds to a bare application, on Node ${version}\n`);
console.log(table(counted, budget));
if (!withInstructions) console.log('Instructions: not counted on this machine.');
if (budget === undefined) console.log(`No budget is recorded for Node ${version}: not judged.`);

const faults = faultsIn(counted);
for (const fault of faults) console.log(`Above the budget: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

function faultsIn(counted: Budget): string[] {
  return budget === undefined ? [] : excesses(counted, budget);
}

/** Each subject once, though it be the yardstick of several; as many at a time as there are cores. */
async function countAll(): Promise<Budget> {
  const subjects = new Map<string, Subject>();
  for (const { subject, yardstick } of comparisons) {
    for (const one of [subject, yardstick]) subjects.set(keyOf(one), one);
  }
  const counts = new Map<string, Counts>();
  const waiting = subjects.entries();
  const countNext = async (): Promise<void> => {
    for (const [key, subject] of waiting) counts.set(key, await count(subject, withInstructions));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, countNext));
  return Object.fromEntries(
    comparisons.map(({ name, subject, yardstick }) => [
      name,
      difference(counts.get(keyOf(subject))!, counts.get(keyOf(yardstick))!),
    ]),
  );
}

function record(counted: Budget): Budget {
  const budget = Object.fromEntries(
    Object.entries(counted).map(([name, counts]) => [name, allowanceFor(counts)]),
  );
  writeFileSync(file, `${JSON.stringify({ ...recorded, [version]: budget }, null, 2)}\n`);
  return budget;
}

function keyOf({ program, args }: Subject): string {
  return [program, ...args].join(' ');
}
