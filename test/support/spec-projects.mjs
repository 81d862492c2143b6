import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { importsOf } from './imports.mjs';

// Which Jest project a spec belongs to, by what it imports, itself or through other files of this
// repository. A list would have to be kept by hand.

/** Starts processes, or has a module that does. */
const STARTS_PROCESSES = /^node:(?:child_process|cluster|worker_threads)$/;
/** NestJS, and what loads it. */
const IS_NEST = /^(?:@nestjs\/|nestjs-cls$|nest-winston$|@rekog\/)/;

/**
 * The specs of each project: `unit` needs neither NestJS nor a process, `app` runs NestJS in the
 * process of Jest, `process` starts processes.
 *
 * @param {string} root the folder of the repository
 * @returns {{ unit: string[], app: string[], process: string[] }} absolute paths
 */
export function specProjects(root) {
  const projects = { unit: [], app: [], process: [] };
  for (const spec of specsIn(join(root, 'test'))) projects[projectOf(spec, root)].push(spec);
  return projects;
}

function specsIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts') && !/(?:^|[\\/])consumers[\\/]/.test(file))
    .map((file) => join(folder, file))
    .toSorted();
}

function projectOf(spec, root) {
  let project = 'unit';
  for (const [file, packages] of importsOf(spec, root)) {
    // A process that the sources start is none that a test starts.
    const isSource = file.startsWith(join(root, 'src'));
    if (!isSource && packages.some((name) => STARTS_PROCESSES.test(name))) return 'process';
    if (packages.some((name) => IS_NEST.test(name))) project = 'app';
  }
  return project;
}
