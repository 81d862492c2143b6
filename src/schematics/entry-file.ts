import { posix } from 'node:path';
import { jsonOf, objectIn, type ProjectTree } from './project-tree.js';

/** What `nest add` and the user say of the application. */
export interface NestAddOptions {
  /** The name of the project in `nest-cli.json`, in a monorepo. */
  readonly project?: string;
  /** The folder of the sources. The Nest CLI gives it. */
  readonly sourceRoot?: string;
  /** Whether to leave the installation of packages to the user. */
  readonly skipInstall?: boolean;
}

/** The names that the Nest CLI gives its configuration, in its order. */
const CONFIGURATIONS = ['.nestcli.json', '.nest-cli.json', 'nest-cli.json', 'nest.json'];
const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs'];

/**
 * The file that starts the application.
 *
 * @throws {Error} for a project that the configuration does not have.
 */
export function entryFile(tree: ProjectTree, options: NestAddOptions): string {
  const name = CONFIGURATIONS.find((path) => tree.exists(path));
  const configuration = name === undefined ? {} : jsonOf(tree, name);
  const projects = objectIn(configuration, 'projects');
  const known = Object.keys(projects);
  if (options.project !== undefined && !known.includes(options.project)) {
    const remedy = known.length === 0 ? 'Leave out `--project`' : `Use one of ${known.join(', ')}`;
    throw new Error(`${name ?? 'nest-cli.json'} has no project "${options.project}". ${remedy}.`);
  }
  const chosen = options.project ?? known.find((one) => hasRoot(projects, one, options.sourceRoot));
  const project = chosen === undefined ? {} : objectIn(projects, chosen);
  const root =
    text(project['sourceRoot']) ??
    (options.project === undefined ? options.sourceRoot : undefined) ??
    text(configuration['sourceRoot']) ??
    'src';
  const file = text(project['entryFile']) ?? text(configuration['entryFile']) ?? 'main';
  return pathOf(tree, posix.join(root, file)) ?? `${posix.join(root, file)}.ts`;
}

/** The file that a path without an extension, or with that of the compiled file, names. */
export function pathOf(tree: ProjectTree, path: string): string | undefined {
  const bare = path.replace(/\.[cm]?[jt]s$/, '');
  const paths = [bare, path, posix.join(path, 'index')].flatMap((one) =>
    EXTENSIONS.map((extension) => one + extension),
  );
  return [...paths, path].find((one) => /\.[cm]?[jt]s$/.test(one) && tree.exists(one));
}

function hasRoot(
  projects: Record<string, unknown>,
  name: string,
  sourceRoot: string | undefined,
): boolean {
  return sourceRoot !== undefined && objectIn(projects, name)['sourceRoot'] === sourceRoot;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
