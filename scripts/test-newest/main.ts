import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConsumerFolder } from './consumer-folder.js';
import { CONSUMERS, type Consumer } from './consumers.js';
import { Node } from './node.js';
import { Servers } from './servers.js';

// Installs the newest of each peer and of each traced package, with the packed tarball, into
// applications on the newest Node, and runs a smoke test in each: the application starts without a
// warning, and what overlapping requests do with the package has their ids. Prints a table.

const USAGE = `npm run test:newest -- [--only <smoke>]... [--keep]
  --only names a file of scripts/test-newest/smokes, such as ioredis.
  --keep leaves the applications where they are, and says where.`;
const NODE_MAJOR = '26';
const LONGEST_RUN_MS = 2 * 60_000;
/** Most of the time npm waits for the registry. */
const AT_ONCE = 2;
const KEPT_OUTPUT = 4000;
const SHOWN_REASON = 400;

interface Verdict {
  readonly verdict: 'right' | 'wrong' | 'not run' | 'not possible';
  readonly reason: string;
}

const servers = new Servers();
const running = new Set<ReturnType<typeof spawn>>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGKILL');
    void servers.stop().then(() => process.exit(130));
  });
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, keep: { type: 'boolean' } },
  });
  const chosen = CONSUMERS.filter(({ smoke }) => values.only?.includes(smoke) ?? true);
  if (chosen.length === 0) {
    console.error(USAGE);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-newest-'));
  process.once('exit', () => {
    if (values.keep) console.log(`The applications are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });
  try {
    const node = await Node.install(NODE_MAJOR, join(folder, 'node'));
    const tarball = await node.pack(folder);
    const rows: string[][][] = [];
    const waiting = chosen.entries();
    const work = async (): Promise<void> => {
      for (const [i, consumer] of waiting) {
        rows[i] = await rowsOf(consumer, node, tarball, join(folder, `${consumer.smoke}-${i}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return conclude(rows.flat(), await node.version());
  } finally {
    await servers.stop();
  }
}

/** Installs a consumer and runs its smoke test: a row for each of its packages. */
async function rowsOf(
  consumer: Consumer,
  node: Node,
  tarball: string,
  cwd: string,
): Promise<string[][]> {
  const folder = new ConsumerFolder(cwd, consumer);
  const { packages, prereleases = [], note } = consumer;
  const names = [...packages, ...prereleases];
  const { refusal, isInstalled } = await folder.install(node, tarball);
  const { verdict, reason }: Verdict = isInstalled
    ? await smoke(consumer, node, folder)
    : { verdict: 'not possible', reason: '' };
  const notes = [note, refusal && `npm refuses it for ${refusal}`];
  if (isInstalled) notes.push(refusal && 'by force', reason);
  return names.map((name) => {
    const seen = shortened(notes.filter(Boolean).join('; '));
    const row = [name, folder.versionOf(name) ?? '-', verdict, seen];
    console.log(row.join('  '));
    return row;
  });
}

async function smoke(consumer: Consumer, node: Node, folder: ConsumerFolder): Promise<Verdict> {
  const env: Record<string, string> = {};
  const { server } = consumer;
  const url = server === undefined ? undefined : await servers.urlOf(server);
  if (typeof url === 'string') env['SERVER_URL'] = url;
  const result = await run(consumer, node, folder, env);
  if (result.verdict === 'wrong') {
    const without = await run(consumer, node, folder, { ...env, TRACING: 'off' });
    if (without.verdict === 'wrong') {
      return { verdict: 'not possible', reason: `fails without the module: ${without.reason}` };
    }
  }
  if (url instanceof Error && result.verdict === 'right') {
    return { verdict: 'not run', reason: `patched, not run: ${url.message}` };
  }
  return result;
}

/** Runs the smoke test in a process of its own, which prints its verdict last. */
function run(
  { smoke: name }: Consumer,
  node: Node,
  folder: ConsumerFolder,
  env: Readonly<Record<string, string>>,
): Promise<Verdict> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(node.file, [`${name}.js`], {
      cwd: folder.cwd,
      env: { ...node.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const keep = (text: unknown): void => {
      output = (output + String(text)).slice(-KEPT_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_RUN_MS);
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      const file = join(folder.cwd, 'verdict.json');
      const verdict = existsSync(file)
        ? (JSON.parse(readFileSync(file, 'utf8')) as Verdict)
        : undefined;
      rmSync(file, { force: true });
      writeFileSync(join(folder.cwd, `output${env['TRACING'] ?? ''}.log`), output);
      resolve(verdict ?? { verdict: 'wrong', reason: `ended with ${code}: ${output}` });
    });
  });
}

function conclude(rows: readonly string[][], nodeVersion: string): number {
  const head = ['package', 'version', 'result', 'what was seen'];
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]!.length)),
  );
  console.log(`\nThe newest versions, on Node ${nodeVersion}`);
  for (const row of [head, ...rows]) {
    console.log(
      row.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]!) : cell)).join('  '),
    );
  }
  return rows.some(([, , verdict]) => verdict === 'wrong') ? 1 : 0;
}

function shortened(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN_REASON);
}
