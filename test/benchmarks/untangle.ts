import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './timing.js';
import { writeLog } from './untangle-log.js';

export interface ReaderTiming {
  name: string;
  /** ms of CPU, user and system, of the whole process; `NaN` for one that fails. */
  cpu: number;
  /** ms from start to end. */
  wall: number;
  /** MB that it had resident at most. */
  memory: number;
}

export interface ReaderSizes {
  rounds: number;
  /** Of the log. */
  megabytes: number;
}

interface Reader {
  name: string;
  args: (file: string) => string[];
}

interface Usage {
  cpu: number;
  wall: number;
  memory: number;
}

const none: Usage = { cpu: NaN, wall: NaN, memory: NaN }; // of one that fails

const root = new URL('../../', import.meta.url);
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

/** Times what shows a log to people, each in processes of its own, interleaved, on the same file. */
export async function timeReaders(
  { rounds, megabytes }: ReaderSizes,
  nowhere: number,
  announce: (progress: string) => void,
): Promise<ReaderTiming[]> {
  const folder = mkdtempSync(join(tmpdir(), 'untangle-'));
  try {
    const file = join(folder, 'app.log');
    announce(`a log: ${megabytes} MB to write`);
    const lines = await writeLog(file, megabytes);
    for (const reader of readers) await check(reader, file, lines);
    const usages = new Map(readers.map((reader) => [reader, [] as Usage[]]));
    for (let round = 0; round < rounds; round++) {
      announce(`a log: round ${round + 1} of ${rounds}`);
      for (const [reader, measured] of usages) measured.push(await timeOne(reader, file, nowhere));
    }
    return [...usages].map(([{ name }, all]) => ({
      name,
      cpu: median(all.map(({ cpu }) => cpu)),
      wall: median(all.map(({ wall }) => wall)),
      memory: median(all.map(({ memory }) => memory)),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Standard input is the file itself: for pino-pretty there is no other way. */
function start(reader: Reader, file: string, output: number | 'pipe'): ChildProcess {
  const args = ['--import', reportUsage, ...reader.args(file)];
  const input = openSync(file, 'r');
  try {
    return spawn(process.execPath, args, { stdio: [input, output, 'inherit', 'ipc'] });
  } finally {
    closeSync(input);
  }
}

async function timeOne(reader: Reader, file: string, nowhere: number): Promise<Usage> {
  const child = start(reader, file, nowhere);
  let usage = none;
  child.once('message', (message) => (usage = message as Usage));
  const [code] = (await once(child, 'close')) as [number];
  return code === 0 ? usage : none;
}

/** A reader that omits lines would be fast. The line that ends a request may be worded otherwise. */
async function check(reader: Reader, file: string, lines: number): Promise<void> {
  const child = start(reader, file, 'pipe');
  let found = 0;
  let rest = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const rows = (rest + text).split('\n');
    rest = rows.pop() ?? '';
    found += rows.filter((row) => /(?:Validating|Charging|Settled) payment \d/.test(row)).length;
    found += rows.filter((row) => /Request finished|●.*POST/.test(row)).length;
  });
  await once(child, 'close');
  if (found !== lines) throw new Error(`${reader.name} showed ${found} of ${lines} lines`);
}
