import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = 'start-application.js';

const dependencies = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  'nestjs-cls',
  'nestjs-pino',
  'pino-http',
  'reflect-metadata',
  'rxjs',
  'winston',
] as const;

/**
 * A folder with no more installed than a small application has. In this repository are all packages that
 * are traced, such as the SDKs of MCP, and loading what belongs to them would count as a part of the
 * start. All are copies, since what a module imports is looked for where it is, and not where a link to
 * it is.
 */
export function makePlainProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-startup-'));
  const inProject = (name: string) => join(folder, 'node_modules', name);
  for (const path of withDependencies(dependencies)) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  for (const part of ['package.json', 'dist/esm']) {
    cpSync(join(root, part), join(inProject('nestjs-tracing'), part), { recursive: true });
  }
  cpSync(fileURLToPath(new URL(`./${program}`, import.meta.url)), join(folder, program));
  const versions = Object.fromEntries(
    [...dependencies, 'nestjs-tracing'].map((name) => [name, '*']),
  );
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'plain', type: 'module', dependencies: versions }),
  );
  return folder;
}

interface Lockfile {
  packages: Readonly<Record<string, { dependencies?: Readonly<Record<string, string>> }>>;
}

/** Where these packages and all that they need are, from the root of the repository. */
function withDependencies(names: readonly string[]): Set<string> {
  const { packages } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  ) as Lockfile;
  const paths = new Set<string>();
  const add = (name: string, importer: string): void => {
    const path = `${importer}node_modules/${name}`;
    const found = packages[path];
    if (!found && importer) {
      return add(name, importer.slice(0, importer.lastIndexOf('node_modules/')));
    }
    if (!found) throw new Error(`${name} is not in package-lock.json`);
    if (paths.has(path)) return;
    paths.add(path);
    for (const needed of Object.keys(found.dependencies ?? {})) add(needed, `${path}/`);
  };
  for (const name of names) add(name, '');
  return paths;
}
