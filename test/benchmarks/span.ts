import { timeInProcesses } from './own-process.js';
import { spanMakers } from './spans.js';

export interface SpanTiming {
  name: string;
  /** Of CPU for one span, without the work in it. */
  nanoseconds: number;
}

export interface SpanSizes {
  rounds: number;
  /** Of ten spans each. */
  requests: number;
}

/**
 * Times one span of each kind, each in processes of its own, interleaved: an application with an
 * OpenTelemetry SDK delegates spans to that, and each of the two has its own `AsyncLocalStorage`s,
 * whose cost falls on every promise of a process.
 */
export async function timeSpans(
  { rounds, requests }: SpanSizes,
  output: number,
  announce: (progress: string) => void,
): Promise<SpanTiming[]> {
  const names = Object.keys(spanMakers);
  const medianOf = await timeInProcesses('span-loop', names, {
    rounds,
    output,
    announce: (round) => announce(`one span: ${round}`),
    args: [String(requests)],
  });
  return names.map((name) => ({ name, nanoseconds: medianOf(name) }));
}
