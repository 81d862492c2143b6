import { rmSync } from 'node:fs';
import { judged, shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import type { BenchmarkedNode } from '../nodes.js';
import { measureInProcesses } from '../own-process.js';
import type { Findings, Run } from '../run.js';
import { type Platform, platforms } from '../server-host.js';
import { makePlainProject } from './plain-project.js';

export type ApplicationKind = 'bare' | 'winston' | 'nestjs-tracing' | 'nestjs-pino';

const full = 7;
const quick = 1;
const mostMs = 60;
const mostMegabytes = 6;

const ours: ApplicationKind = 'nestjs-tracing';
const names: Readonly<Partial<Record<ApplicationKind, string>>> = {
  [ours]: 'nestjs-tracing: the import and `forRoot`',
  winston: 'the import of winston, which is in it',
  'nestjs-pino': 'nestjs-pino: the import and `forRoot`',
};
const kinds: readonly ApplicationKind[] = ['bare', ours, 'winston', 'nestjs-pino'];

/** How much later an application is ready, and what it then holds. */
export async function startupSection(run: Run): Promise<Findings> {
  const folder = makePlainProject();
  const { least, failures } = await measureInProcesses(run, {
    program: 'start-application',
    folder,
    subjects: platforms.flatMap((platform) => kinds.map((kind) => [kind, platform])),
    rounds: run.isQuick ? quick : full,
    flags: ['--expose-gc'],
  });
  rmSync(folder, { recursive: true });
  const added = (node: BenchmarkedNode, kind: ApplicationKind, platform: Platform) => {
    const over = (figure: string) =>
      least(node, [kind, platform], figure) - least(node, ['bare', platform], figure);
    const megabytes = (figure: string) => over(figure) / 2 ** 20;
    const isJudged = kind === ours;
    const figure = (value: number, atMost: number) =>
      isJudged ? judged(value, atMost, 1) : shown(value, 1);
    return [
      figure(over('wall'), mostMs),
      shown(over('cpu'), 1),
      figure(megabytes('heapUsed'), mostMegabytes),
      shown(megabytes('rss'), 1),
    ];
  };
  const rows = run.nodes.flatMap((node) =>
    platforms.flatMap((platform) =>
      kinds
        .filter((kind) => kind !== 'bare')
        .map((kind) => [
          `${names[kind]}, ${platform}, Node ${node.major}`,
          ...added(node, kind, platform),
        ]),
    ),
  );
  return {
    text: [
      '## The start of an application, and its memory at rest',
      'What each adds to a bare application, from the begin of the process to one that is ready, and ' +
        'what the heap holds then, after a forced collection. Each start is a process of its own; ' +
        `the least of ${run.isQuick ? quick : full}.`,
      markdownTable(['', 'ms', 'ms of CPU', 'heap MB', 'RSS MB'], rows),
    ],
    failures,
  };
}
