import { hasLedgerQueue } from '../messaging/ledger-queue.js';
import { isAccessLogLine, processOf, type LogEntry } from '../system/log-entry.js';
import { list, type Difference } from './difference.js';

/** The messages that each process logs in one trace, in order. */
export type ExpectedLog = Readonly<Record<string, readonly string[]>>;

export const paymentLog: ExpectedLog = {
  mcp: ['An assistant pays 42 for Alice', 'Message finished', 'Request finished'],
  gateway: [
    'Processing payment for user Alice',
    'Validating payment',
    'Gateway slow',
    'Payment complete',
    'Request finished',
  ],
  worker: ['Charging the card of Alice', 'Card charged', 'Message finished'],
  ledger: ['Booked 42 of Alice', hasLedgerQueue ? 'Job finished' : 'Message finished'],
  feed: ['Telling subscribers', 'Message finished'],
};

export const nightlyLog: ExpectedLog = {
  nightly: ['Settling the day', 'Settled 84 of 2 charges', 'Run finished'],
  worker: ['Paying out 84 for 2 charges', 'Message finished'],
};

/** The number of requests, messages, jobs and runs that finish in it. */
export function countFinished(expectedLog: ExpectedLog): number {
  const messages = Object.values(expectedLog).flat();
  return messages.filter((message) => message.endsWith(' finished')).length;
}

/** How a log differs from what is expected. */
export function logProblems(
  expectedLog: ExpectedLog,
  log: readonly LogEntry[],
  sessionId: string,
): Difference[] {
  return [...wrongMessages(expectedLog, log), ...wrongLines(log, sessionId)];
}

function* wrongMessages(expectedLog: ExpectedLog, log: readonly LogEntry[]): Iterable<Difference> {
  const processes = new Set([...Object.keys(expectedLog), ...log.map(processOf)]);
  for (const process of processes) {
    const expected = expectedLog[process] ?? [];
    const written = log.filter((entry) => processOf(entry) === process).map((line) => line.message);
    if (written.join() !== expected.join()) {
      yield { what: `lines of ${process}`, expected: list(expected), seen: list(written) };
    }
  }
}

function* wrongLines(log: readonly LogEntry[], sessionId: string): Iterable<Difference> {
  const sessions = new Set(log.map((entry) => entry.session_id));
  sessions.delete(sessionId);
  if (sessions.size > 0) yield { what: 'session', expected: sessionId, seen: list([...sessions]) };
  const finishes = log.filter(isAccessLogLine);
  for (const finish of finishes.filter(({ outcome }) => outcome !== 'completed')) {
    const what = `outcome of ${processOf(finish)}, ${finish.message}`;
    yield { what, expected: 'completed', seen: String(finish.outcome) };
  }
}
