import { jsonOf, objectIn, textOf, type ProjectTree } from './project-tree.js';

const FILE = 'package.json';
const KINDS = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
/** The first version of each package that works. */
const LOWEST = { 'nestjs-cls': [6, 2], winston: [3, 0] } as const;

type Needed = keyof typeof LOWEST;

/** What was done to `package.json`. */
export interface AddedDependencies {
  /** With their ranges. */
  readonly added: readonly string[];
  /** What the project has in a version that is too old. */
  readonly tooOld: readonly string[];
}

/** Adds the peer dependencies that the project does not have, in the order of npm. */
export function addDependencies(tree: ProjectTree, nodeVersion: string): AddedDependencies {
  const manifest = jsonOf(tree, FILE);
  const known = Object.assign({}, ...KINDS.map((kind) => objectIn(manifest, kind)));
  const missing: Record<Needed, string> = {
    'nestjs-cls': rangeOfCls(manifest, known, nodeVersion),
    winston: '^3.0.0',
  };
  const text = textOf(tree, FILE);
  const names = Object.keys(missing) as Needed[];
  const tooOld = names
    .filter((name) => isOlder(known[name], LOWEST[name]))
    .map((name) => `${name} ${known[name]} (from ${LOWEST[name].join('.')} on)`);
  const added = names.filter((name) => known[name] === undefined);
  if (text === undefined || added.length === 0) return { added: [], tooOld };

  const dependencies = { ...objectIn(manifest, 'dependencies') };
  for (const name of added) dependencies[name] = missing[name];
  const sorted = Object.fromEntries(
    Object.entries(dependencies).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
  tree.overwrite(FILE, written({ ...manifest, dependencies: sorted }, text));
  return { added: added.map((name) => `${name}@${missing[name]}`), tooOld };
}

/** Version 7 needs Node 22, and as an ES module imports a file that NestJS 11 does not have. */
function rangeOfCls(
  manifest: Record<string, unknown>,
  known: Record<string, unknown>,
  nodeVersion: string,
): string {
  const isNest11 = versionIn(known['@nestjs/core'])?.[0] === 11;
  const isEsm = manifest['type'] === 'module';
  return (isNest11 && isEsm) || Number.parseInt(nodeVersion, 10) < 22 ? '^6.2.0' : '^7.0.0';
}

function isOlder(range: unknown, [major, minor]: readonly [number, number]): boolean {
  const version = versionIn(range);
  if (version === undefined) return false;
  return version[0] < major || (version[0] === major && version[1] < minor);
}

/** The lowest version of a range such as `^6.2.0`. */
function versionIn(range: unknown): readonly [number, number] | undefined {
  const found = /^[\^~>=v\s]*(\d+)(?:\.(\d+))?/.exec(String(range ?? ''));
  return found === null ? undefined : [Number(found[1]), Number(found[2] ?? Infinity)];
}

/** With the indentation and the line endings that it had. */
function written(manifest: Record<string, unknown>, before: string): string {
  const indentation = /^[ \t]+(?=")/m.exec(before)?.[0] ?? '  ';
  const json = JSON.stringify(manifest, undefined, indentation);
  const lines = before.includes('\r\n') ? json.replaceAll('\n', '\r\n') : json;
  return `${before.startsWith('\uFEFF') ? '\uFEFF' : ''}${lines}${/\s*$/.exec(before)![0]}`;
}
