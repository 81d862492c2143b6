import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shown } from '../figures.js';
import { markdownTable } from '../markdown-table.js';
import type { BenchmarkedNode } from '../nodes.js';
import type { Findings, Run } from '../run.js';
import { writeLog } from './untangle-log.js';

interface Sizes {
  rounds: number;
  /** Of the log. */
  megabytes: number;
}

const full: Sizes = { rounds: 5, megabytes: 150 };
const quick: Sizes = { rounds: 1, megabytes: 5 };

interface Reader {
  name: string;
  args: (file: string) => string[];
}

interface Usage {
  /** ms of CPU, user and system, of the whole process. */
  cpu: number;
  /** ms from start to end. */
  wall: number;
  /** MB that it had resident at most. */
  memory: number;
}

interface ReaderTiming {
  reader: Reader;
  node: BenchmarkedNode;
  /** Of the run with the least CPU; absent for one that fails. */
  usage?: Usage;
}

const root = new URL('../../../', import.meta.url);
const bin = (path: string): string => fileURLToPath(new URL(path, root));
const reportUsage = fileURLToPath(new URL('./report-usage.js', import.meta.url));

// Both colour, and pino-pretty keeps an entry on one line, as we do.
const readers: readonly Reader[] = [
  {
    name: '`nestjs-tracing untangle`',
    args: (file) => [bin('dist/esm/cli/main.js'), 'untangle', '--color', file],
  },
  {
    name: 'pino-pretty',
    args: () => [
      bin('node_modules/pino-pretty/bin.js'),
      ...['--messageKey', 'message', '--timestampKey', 'timestamp'],
      ...['--singleLine', '--colorize'],
    ],
  },
];

/** What it takes to show a log to people, each reader in processes of its own, on the same file. */
export async function untangleSection(run: Run): Promise<Findings> {
  const { rounds, megabytes } = run.isQuick ? quick : full;
  const folder = mkdtempSync(join(tmpdir(), 'untangle-'));
  try {
    const file = join(folder, 'app.log');
    run.announce(`a log: ${megabytes} MB to write`);
    const lines = await writeLog(file, megabytes);
    const timings = run.nodes.flatMap((node) =>
      readers.map((reader): ReaderTiming => ({ reader, node })),
    );
    const failures: string[] = [];
    for (const { reader, node } of timings)
      failures.push(...(await check(reader, node, file, lines)));
    for (let round = 1; round <= rounds; round++) {
      run.announce(`a log: round ${round} of ${rounds}`);
      for (const timing of timings) {
        const taken = await timeOne(timing, file, run.output);
        if (taken && taken.cpu < (timing.usage?.cpu ?? Infinity)) timing.usage = taken;
      }
    }
    return { text: [...intro(megabytes), table(timings)], failures };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function intro(megabytes: number): string[] {
  return [
    '## Reading a log at the terminal',
    `The whole process, for one file of ${megabytes} MB of JSON lines of this package, four to a request, with ` +
      'colours, to the null device. Each is checked to tell every line.',
  ];
}

function table(timings: readonly ReaderTiming[]): string {
  return markdownTable(
    ['', 'CPU ms', 'from start to end, ms', 'MB at most'],
    timings.map(({ reader, node, usage }) => [
      `${reader.name}, Node ${node.major}`,
      ...[usage?.cpu, usage?.wall, usage?.memory].map((figure = NaN) => shown(figure)),
    ]),
  );
}

/** Standard input is the file itself: for pino-pretty there is no other way. */
function start(
  reader: Reader,
  node: BenchmarkedNode,
  file: string,
  output: number | 'pipe',
): ChildProcess {
  const args = ['--import', reportUsage, ...reader.args(file)];
  const input = openSync(file, 'r');
  try {
    return spawn(node.file, args, { stdio: [input, output, 'inherit', 'ipc'] });
  } finally {
    closeSync(input);
  }
}

async function timeOne(
  { reader, node }: ReaderTiming,
  file: string,
  output: number,
): Promise<Usage | undefined> {
  const child = start(reader, node, file, output);
  let usage: Usage | undefined;
  child.once('message', (message) => (usage = message as Usage));
  const [code] = (await once(child, 'close')) as [number];
  return code === 0 ? usage : undefined;
}

/** A reader that omits lines would be fast. The line that ends a request may be worded otherwise. */
async function check(
  reader: Reader,
  node: BenchmarkedNode,
  file: string,
  lines: number,
): Promise<string[]> {
  const child = start(reader, node, file, 'pipe');
  let found = 0;
  let rest = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const rows = (rest + text).split('\n');
    rest = rows.pop() ?? '';
    found += rows.filter((row) => /(?:Validating|Charging|Settled) payment \d/.test(row)).length;
    found += rows.filter((row) => /Request finished|●.*POST/.test(row)).length;
  });
  await once(child, 'close');
  return found === lines
    ? []
    : [`${reader.name}, Node ${node.major}, showed ${found} of ${lines} lines`];
}
