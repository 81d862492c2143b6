import { judged, shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import type { BenchmarkedNode } from '../nodes.js';
import { type Measured, measureInProcesses } from '../own-process.js';
import type { Findings, Run } from '../run.js';
import { emptyLoop, loggers, ours, pinoWithoutIds } from './loggers.js';
import { noCall, ourCalls, recorders, unwrittenCalls } from './unwritten-calls.js';

const full = { rounds: 3, lines: 20_000 };
const quick = { rounds: 1, lines: 400 };

/** Of our line with ids to pino's without. */
const mostOfPino = 0.5;
/** Of one of our calls, in nanoseconds, with a recorder and without. */
const mostOf: Readonly<Record<string, number>> = { off: 50, kept: 300 };

/** What one line costs: one that is written, and one below the level. */
export async function linesSection(run: Run): Promise<Findings> {
  const { rounds, lines } = run.isQuick ? quick : full;
  const args = [String(lines)];
  const written = await measureInProcesses(run, {
    program: 'lines/log-line-loop',
    subjects: Object.keys(loggers).map((name) => [name]),
    ...{ rounds, args },
  });
  const unwritten = await measureInProcesses(run, {
    program: 'lines/recorded-calls',
    subjects: Object.keys(recorders).map((recorder) => [recorder]),
    ...{ rounds, args },
  });
  return {
    text: [
      '## CPU of one log line',
      'Nanoseconds. Four lines are written in each turn of the event loop, in the context whose ids ' +
        'are on them, to the null device.',
      writtenTable(run, written),
      '## CPU of a line below the level',
      'Nanoseconds. Kept: the flight recorder is on, and each trace has two hundred of them. A rule for ' +
        'another: a level is set for a session that is not this one.',
      unwrittenTable(run, unwritten),
    ],
    failures: [...written.failures, ...unwritten.failures],
  };
}

function writtenTable({ nodes }: Run, { least }: Measured): string {
  const timeOf = (name: string, node: BenchmarkedNode) =>
    least(node, [name], 'nanoseconds') - least(node, [emptyLoop], 'nanoseconds');
  const names = Object.keys(loggers).filter((name) => name !== emptyLoop);
  return markdownTable(
    ['', ...nodes.map(({ major }) => `Node ${major}`)],
    [
      ...names.map((name) => [name, ...nodes.map((node) => shown(timeOf(name, node)))]),
      [
        `${ours}, as a share of ${pinoWithoutIds}`,
        ...nodes.map((node) =>
          judged(timeOf(ours, node) / timeOf(pinoWithoutIds, node), mostOfPino, 2),
        ),
      ],
    ],
  );
}

function unwrittenTable({ nodes }: Run, { least }: Measured): string {
  const columns = nodes.flatMap((node) =>
    Object.keys(recorders).map((recorder) => ({ node, recorder })),
  );
  return markdownTable(
    ['', ...columns.map(({ node, recorder }) => `N${node.major}, ${recorder}`)],
    Object.keys(unwrittenCalls)
      .filter((call) => call !== noCall)
      .map((call) => [
        call,
        ...columns.map(({ node, recorder }) => {
          const timeOf = (one: string) => least(node, [recorder], one);
          const time = timeOf(call) - timeOf(noCall);
          const most = call in ourCalls ? mostOf[recorder] : undefined;
          return most === undefined ? shown(time) : judged(time, most);
        }),
      ]),
  );
}
