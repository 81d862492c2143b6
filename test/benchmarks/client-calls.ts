import { callerName, clientWork, surroundings } from './client-callers.js';
import { timeInProcesses } from './own-process.js';

export interface ClientCallTiming {
  /** Which library is called, and how. */
  kind: string;
  where: string;
  /** Of CPU for one call. */
  nanoseconds: number;
}

export interface ClientCallSizes {
  rounds: number;
  /** Of a batch, of ten calls each. */
  requests: number;
}

/**
 * Times one call of a client library, in each surroundings and in processes of its own, interleaved.
 * The least counts: on a busy machine, what other processes take only adds to it.
 */
export async function timeClientCalls(
  { rounds, requests }: ClientCallSizes,
  output: number,
  announce: (progress: string) => void,
): Promise<ClientCallTiming[]> {
  const pairs = Object.keys(clientWork).flatMap((kind) =>
    Object.keys(surroundings).map((where) => ({ kind, where })),
  );
  const leastOf = await timeInProcesses(
    'client-call-loop',
    pairs.map(({ kind, where }) => callerName(kind, where)),
    {
      rounds,
      output,
      announce: (round) => announce(`a call of a client: ${round}`),
      args: [String(requests)],
      choose: (times) => Math.min(...times),
    },
  );
  return pairs.map(({ kind, where }) => ({
    kind,
    where,
    nanoseconds: leastOf(callerName(kind, where)),
  }));
}
