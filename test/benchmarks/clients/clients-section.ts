import { judged, shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import { measureInProcesses } from '../own-process.js';
import type { Findings, Run } from '../run.js';
import { clientWork, surroundings } from './client-callers.js';

/** Requests of a batch, of ten calls each. */
const full = { rounds: 3, requests: 1_500 };
const quick = { rounds: 1, requests: 20 };
/** That a call which is a step of its request costs more than one without tracing, in nanoseconds. */
const mostOfStep = 2_000;

const traced = 'nestjs-tracing';
/** Where calls are recorded. */
const recorded = [traced, 'OpenTelemetry SDK, instrumented'];

/** What one call of a client library costs, in each of its surroundings. */
export async function clientsSection(run: Run): Promise<Findings> {
  const { rounds, requests } = run.isQuick ? quick : full;
  const kinds = Object.keys(clientWork);
  const places = Object.keys(surroundings);
  const { least, failures } = await measureInProcesses(run, {
    program: 'clients/client-call-loop',
    subjects: kinds.flatMap((kind) => places.map((where) => [kind, where])),
    ...{ rounds, args: [String(requests)] },
  });
  const columns = run.nodes.flatMap((node) => kinds.map((kind) => ({ node, kind })));
  const head = ['', ...columns.map(({ node, kind }) => `N${node.major}, ${kind}`)];
  const rows = places.map((where) => [
    where,
    ...columns.map(({ node, kind }) => shown(least(node, [kind, where], 'nanoseconds'))),
  ]);
  const added = recorded.map((where) => [
    `${where}, over nothing`,
    ...columns.map(({ node, kind }) => {
      const timeIn = (place: string) => least(node, [kind, place], 'nanoseconds');
      const over = timeIn(where) - timeIn('nothing');
      return where === traced ? judged(over, mostOfStep) : shown(over);
    }),
  ]);
  return {
    text: [
      '## CPU of one call of a client library',
      'Nanoseconds of the whole call, ten to a request, with a socket that is answered in the same ' +
        'process. Each is checked to record every call, or none.',
      markdownTable(head, rows),
      'What recording a call costs:',
      markdownTable(head, added),
    ],
    failures,
  };
}
