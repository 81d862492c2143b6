import { emptyLoop, loggers } from './loggers.js';
import { timeInProcesses } from './own-process.js';

export interface LogLineTiming {
  name: string;
  /** Of CPU for one line, without the loop around it. */
  nanoseconds: number;
}

/** Times one log line of each logger, each in processes of its own, interleaved. */
export async function timeLogLines(
  rounds: number,
  output: number,
  announce: (progress: string) => void,
): Promise<LogLineTiming[]> {
  const names = Object.keys(loggers);
  const medianOf = await timeInProcesses('log-line-loop', names, {
    rounds,
    output,
    announce: (round) => announce(`one log line: ${round}`),
  });
  return names
    .filter((name) => name !== emptyLoop)
    .map((name) => ({ name, nanoseconds: medianOf(name) - medianOf(emptyLoop) }));
}
