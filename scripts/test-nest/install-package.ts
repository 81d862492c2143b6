import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Of the package's peers, those that a checkout of NestJS does not have. */
const OWN_PEERS = ['nestjs-cls', 'winston'];

/**
 * Copies the last build into a checkout, with the peers that are not NestJS's, so that NestJS
 * itself is the checkout's. npm would change what else is installed there.
 *
 * @returns the folder, to be removed afterwards.
 */
export function installPackage(checkout: string): string {
  const folder = join(checkout, 'node_modules/nestjs-tracing');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'dist']) {
    cpSync(name, join(folder, name), { recursive: true });
  }
  for (const peer of OWN_PEERS) copyPackage(peer, process.cwd(), folder);
  return folder;
}

/** Copies a package, and what it depends on, to the `node_modules` of a folder. */
function copyPackage(name: string, from: string, to: string): void {
  const source = find(name, from);
  const target = join(to, 'node_modules', name);
  cpSync(source, target, {
    recursive: true,
    // Nested packages are copied by their own names.
    filter: (file) => !file.slice(source.length).includes(`${sep}node_modules`),
  });
  for (const dependency of Object.keys(manifestOf(source).dependencies ?? {})) {
    const { version } = manifestOf(find(dependency, source));
    const beside = join(to, 'node_modules', dependency);
    // Below its dependent where there is another version beside it.
    if (!existsSync(beside)) copyPackage(dependency, source, to);
    else if (manifestOf(beside).version !== version) copyPackage(dependency, source, target);
  }
}

/** The folder of a package, as Node finds it from another folder. */
function find(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) throw new Error(`${name} is not installed: run npm ci`);
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
