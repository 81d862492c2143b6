import { judged, shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import { measureInProcesses } from '../own-process.js';
import type { Findings, Run } from '../run.js';
import { ourSpans, spanMakers } from './span-makers.js';

/** Requests of a batch, of ten spans each. */
const full = { rounds: 3, requests: 5_000 };
const quick = { rounds: 1, requests: 50 };
/** Of one of our spans, in nanoseconds. */
const mostOfOne = 500;

/**
 * What one span of each kind costs, each in processes of its own: an application with an
 * OpenTelemetry SDK delegates spans to that, and each of the two has its own `AsyncLocalStorage`s,
 * whose cost falls on every promise of a process.
 */
export async function spansSection(run: Run): Promise<Findings> {
  const { rounds, requests } = run.isQuick ? quick : full;
  const { least, failures } = await measureInProcesses(run, {
    program: 'spans/span-loop',
    subjects: Object.keys(spanMakers).map((name) => [name]),
    ...{ rounds, args: [String(requests)] },
  });
  const rows = Object.keys(spanMakers).map((name) => [
    name,
    ...run.nodes.map((node) => {
      const time = least(node, [name], 'nanoseconds');
      return name in ourSpans ? judged(time, mostOfOne) : shown(time);
    }),
  ]);
  return {
    text: [
      '## CPU of one span',
      'Nanoseconds. Ten spans in three layers make a request; there are no subscribers. What the same ' +
        'work takes without spans, in the same process, is taken off.',
      markdownTable(['', ...run.nodes.map(({ major }) => `Node ${major}`)], rows),
    ],
    failures,
  };
}
