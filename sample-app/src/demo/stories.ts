import { hasLedgerQueue } from '../messaging/ledger-queue.js';
import { isFinishLine, processOf, type LogEntry } from '../system/log-entry.js';

/** All that each process has to say under one trace, in its order. */
export type Story = Readonly<Record<string, readonly string[]>>;

export const paymentStory: Story = {
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

export const nightlyStory: Story = {
  nightly: ['Settling the day', 'Settled 84 of 2 charges', 'Run finished'],
  worker: ['Paying out 84 for 2 charges', 'Message finished'],
};

/** How many requests, messages, jobs and runs finish in it. */
export function finishesOf(story: Story): number {
  const messages = Object.values(story).flat();
  return messages.filter((message) => message.endsWith(' finished')).length;
}

/** What did not come out as it should, in sentences. */
export function problemsOfStory(
  story: Story,
  log: readonly LogEntry[],
  sessionId: string,
): string[] {
  return [...wrongMessages(story, log), ...wrongLines(log, sessionId)];
}

function* wrongMessages(story: Story, log: readonly LogEntry[]): Iterable<string> {
  const processes = new Set([...Object.keys(story), ...log.map(processOf)]);
  for (const process of processes) {
    const expected = story[process] ?? [];
    const written = log.filter((entry) => processOf(entry) === process).map((line) => line.message);
    if (written.join() !== expected.join()) {
      yield `${process} wrote [${written.join(', ')}] instead of [${expected.join(', ')}]`;
    }
  }
}

function* wrongLines(log: readonly LogEntry[], sessionId: string): Iterable<string> {
  const strangers = log.filter((entry) => entry.session_id !== sessionId);
  if (strangers.length > 0) yield `${strangers.length} lines carry another session`;
  const finishes = log.filter(isFinishLine);
  for (const finish of finishes.filter(({ outcome }) => outcome !== 'completed')) {
    yield `${processOf(finish)}, ${finish.message}: ${finish.outcome}`;
  }
}
