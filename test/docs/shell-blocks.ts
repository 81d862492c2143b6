import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CodeBlock, Finding, Page } from './markdown.js';
import { shellCommands } from './shell-words.js';

/** What commands of a page are compared with. */
export interface Shell {
  /** Names of `npm run …`. */
  readonly scripts: ReadonlySet<string>;
  /** Packages that exist, by the lock file. */
  readonly packages: ReadonlySet<string>;
  /** The file of the command line. */
  readonly cli: string;
}

/** Scripts that every application has that Nest's command line made. */
const OF_STARTERS = [
  'build',
  'format',
  'lint',
  'start',
  'start:debug',
  'start:dev',
  'start:prod',
  'test',
  'test:cov',
  'test:e2e',
];
const WRONG_USE = 2;
/** A command that follows a file, or waits, has understood its arguments by then. */
const TIME_LIMIT_MS = 5_000;
const PACKAGE = /^((?:@[\w.-]+\/)?[a-z][\w.-]*)(?:@.*)?$/i;
/** A path below the folder that the command runs in. */
const INPUT_FILE = /^\w[\w./-]*\.(?:log|jsonl?|ndjson|txt|gz|zst)(?:\.\d+)?$/;
const COMPRESSED = /\.gz$/;
const LOG =
  '{"timestamp":"2026-01-15T10:30:16.046Z","level":"error","message":"Request finished","trace_id":"0af7651916cd43dd8448eb211c80319c","request_id":"req-001","session_id":"abc12345","span_id":"b7ad6b7169203331","service":"payments","duration_ms":804.1,"method":"POST","path":"/api/payment","route":"/api/payment","handler":"PaymentController.pay","status_code":500,"outcome":"errored"}\n';

/** Reads what the scripts and packages of the repository at `root` are called. */
export function shellOf(root: string, cli: string): Shell {
  const read = (file: string): Record<string, Record<string, object>> =>
    JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, Record<string, object>>;
  const { scripts, peerDependencies } = read('package.json');
  const locked = Object.keys(read('package-lock.json')['packages']!);
  return {
    scripts: new Set([...Object.keys(scripts!), ...OF_STARTERS]),
    packages: new Set([
      'nestjs-tracing',
      ...Object.keys(peerDependencies!),
      ...locked.map((path) => path.replace(/^.*node_modules\//, '')),
    ]),
    cli,
  };
}

/** Checks the commands of the pages: npm's scripts, packages to install, and the command line. */
export async function checkShell(pages: readonly Page[], shell: Shell): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const block of pages.flatMap(({ blocks }) => blocks)) {
    if (block.language !== 'sh' || block.check?.startsWith('skip')) continue;
    for (const { words, line } of shellCommands(block.code)) {
      const message = await wrongCommand(words, shell);
      if (message !== undefined) findings.push(findingIn(block, line, message));
    }
  }
  return findings;
}

function findingIn({ page, line: first }: CodeBlock, line: number, message: string): Finding {
  return { page, line: first + line, message };
}

async function wrongCommand(words: readonly string[], shell: Shell): Promise<string | undefined> {
  const [program, ...rest] = words;
  if (program === 'npm') return wrongNpm(rest, shell);
  const isNpx =
    program === 'npx' && rest.find((word) => !word.startsWith('-')) === 'nestjs-tracing';
  if (isNpx) return wrongUse(rest.slice(rest.indexOf('nestjs-tracing') + 1), shell);
  return program === 'nestjs-tracing' ? wrongUse(rest, shell) : undefined;
}

function wrongNpm(words: readonly string[], { scripts, packages }: Shell): string | undefined {
  const [command, ...rest] = words.filter((word) => !word.startsWith('-'));
  if (command === 'run' || command === 'run-script') {
    return scripts.has(rest[0]!) ? undefined : `package.json has no script "${rest[0]}"`;
  }
  if (command === 'start' || command === 'test') {
    return scripts.has(command) ? undefined : `package.json has no script "${command}"`;
  }
  if (!['install', 'i', 'add', 'uninstall', 'remove'].includes(command!)) return undefined;
  const unknown = rest
    .flatMap(expandBraces)
    .filter((word) => PACKAGE.test(word) && !packages.has(PACKAGE.exec(word)![1]!));
  return unknown.length === 0 ? undefined : `not in package-lock.json: ${unknown.join(', ')}`;
}

/** As a shell does it: `a/{b,c}` is `a/b` and `a/c`. */
function expandBraces(word: string): string[] {
  const found = /^([^{]*)\{([^}]+)\}(.*)$/.exec(word);
  if (found === null) return [word];
  const [, before, list, after] = found;
  return list!.split(',').flatMap((part) => expandBraces(`${before}${part}${after}`));
}

/** Runs the command line in an empty folder, with a log in each file that it names. */
async function wrongUse(words: readonly string[], { cli }: Shell): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-docs-'));
  try {
    const args = words.map((word) => word.replace(/<[^>]+>/g, 'req-001').replaceAll('*', 'a'));
    for (const file of args.filter(isInputFile)) writeLog(join(folder, file));
    const { code, stderr } = await runCommand(cli, args, folder);
    const said = stderr.trim().split('\n')[0];
    return code === WRONG_USE ? `nestjs-tracing ${words.join(' ')}: ${said}` : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isInputFile(word: string, index: number, words: readonly string[]): boolean {
  return words[index - 1] !== '--html' && INPUT_FILE.test(word);
}

function writeLog(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, COMPRESSED.test(path) ? gzipSync(LOG) : LOG);
}

function runCommand(
  cli: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const options = { cwd, env, timeout: TIME_LIMIT_MS };
    const child = execFile(process.execPath, [cli, ...args], options, (error, _stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr }),
    );
    // It may have ended without reading.
    child.stdin!.on('error', () => undefined);
    child.stdin!.end(LOG);
  });
}
