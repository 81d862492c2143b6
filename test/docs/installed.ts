import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The package in an application, where the blocks of the documentation find it and its peers. */
export interface Installed {
  /** The folder of the application, absolute. */
  readonly folder: string;
  /** The folder of the package in it. */
  readonly package: string;
  /** What the package exports: `nestjs-tracing`, `nestjs-tracing/otlp`, … */
  readonly entries: readonly string[];
  /** The file of its command line. */
  readonly cli: string;
}

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

/**
 * Copies a built package, unpacked or the working tree, into an application. That is below the
 * repository, so it also finds the packages that the repository has installed.
 */
export function installPackage(from: string, name: string): Installed {
  const folder = resolve('build/docs-check', name);
  const target = join(folder, 'node_modules/nestjs-tracing');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "reader", "type": "module" }\n');
  cpSync(join(from, 'package.json'), join(target, 'package.json'));
  cpSync(join(from, 'dist'), join(target, 'dist'), { recursive: true });
  const { bin, exports } = JSON.parse(
    readFileSync(join(target, 'package.json'), 'utf8'),
  ) as Manifest;
  return {
    folder,
    package: target,
    // Others are files as they are, such as `package.json`.
    entries: Object.entries(exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([entry]) => join('nestjs-tracing', entry)),
    cli: join(target, bin['nestjs-tracing']!),
  };
}
