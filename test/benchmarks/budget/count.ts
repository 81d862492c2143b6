import { Connection } from '../sockets/connection.js';
import { type Counts, optionalCounter } from './budget.js';
import { CountedProcess } from './counted-process.js';
import { type CounterName, counterNames } from './counters.js';
import { countInstructions } from './instructions.js';
import type { Subject } from './subjects.js';

interface Sizes {
  /** Before the first that counts: the caches of the code are filled, all its parts have run. */
  warmUp: number;
  pieces: number;
  perPiece: number;
  /** Which of the pieces represents all, counted from the cheapest. */
  rank: number;
}

// Every other piece has bytes in it that are of no request: a timer's, or the growth of a table.
// The cheapest ones have none. Calls are the same in nearly all of them: the median.
const sizes: Readonly<Record<CounterName, Sizes>> = {
  bytes: { warmUp: 400, pieces: 50, perPiece: 12, rank: 5 },
  calls: { warmUp: 100, pieces: 11, perPiece: 12, rank: 5 },
};
const together = 32;
const bursts: Sizes = { warmUp: 2 * together, pieces: 11, perPiece: together, rank: 5 };

/** Does something so many times, and returns the totals then. */
type UnitOfWork = (times: number) => Promise<Counts>;

/** Everything that is counted of one request, or of one line. */
export async function count(subject: Subject, withInstructions: boolean): Promise<Counts> {
  const all: Counts[] = [];
  for (const counter of counterNames) {
    const counted = await CountedProcess.start(subject.program, counter, subject.args);
    try {
      all.push(
        subject.program === 'counted-lines'
          ? await countLines(counted, counter, withInstructions)
          : await countRequests(counted, counter, withInstructions),
      );
    } finally {
      counted.stop();
    }
  }
  return Object.assign({}, ...all) as Counts;
}

async function countLines(
  counted: CountedProcess,
  counter: CounterName,
  withInstructions: boolean,
): Promise<Counts> {
  const work: UnitOfWork = (lines) => counted.totals({ lines });
  const counts = await inPieces(work, sizes[counter]);
  return counter === 'bytes' && withInstructions
    ? { ...counts, ...(await instructionsOf(counted, work)) }
    : counts;
}

async function countRequests(
  counted: CountedProcess,
  counter: CounterName,
  withInstructions: boolean,
): Promise<Counts> {
  const open = await Connection.openAll(counted.port, counter === 'calls' ? together : 1);
  const oneByOne: UnitOfWork = async (requests) => {
    for (let i = 0; i < requests; i++) await answered(open[0]!);
    return counted.totals();
  };
  const counts = await inPieces(oneByOne, sizes[counter]);
  try {
    if (counter === 'calls') {
      const { writes } = await inPieces((requests) => atOnce(counted, open, requests), bursts);
      return { ...counts, [`writes, ${together} at once`]: writes! * together };
    }
    return withInstructions ? { ...counts, ...(await instructionsOf(counted, oneByOne)) } : counts;
  } finally {
    for (const connection of open) connection.close();
  }
}

async function inPieces(work: UnitOfWork, sizes: Sizes): Promise<Counts> {
  const { warmUp, pieces, perPiece, rank } = sizes;
  const totals = [await work(warmUp)];
  for (let piece = 0; piece < pieces; piece++) totals.push(await work(perPiece));
  return Object.fromEntries(
    Object.keys(totals[0]!).map((counter) => {
      const all = totals.map((counts) => counts[counter]!);
      const steps = all.slice(1).map((total, i) => total - all[i]!);
      return [counter, steps.toSorted((a, b) => a - b)[rank]! / perPiece];
    }),
  );
}

/** As many requests as there are connections, all found in one turn, and so again. */
async function atOnce(
  counted: CountedProcess,
  open: Connection[],
  requests: number,
): Promise<Counts> {
  for (let sent = 0; sent < requests; sent += open.length) {
    await counted.totals({ hold: true });
    const all = Promise.all(open.map(answered));
    counted.release();
    await all;
  }
  return counted.totals();
}

async function instructionsOf(counted: CountedProcess, work: UnitOfWork): Promise<Counts> {
  const { pieces, perPiece } = sizes.bytes;
  const times = pieces * perPiece;
  const instructions = await countInstructions(counted.pid, () => work(times));
  return { [optionalCounter]: instructions / times };
}

const id = '5f1c2a9e-7d3b-4c86-9a40-000000000001';

function answered(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.send({ id }, (error) => (error ? reject(error) : resolve()));
  });
}
