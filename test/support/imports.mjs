import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Imports whose value is used; `import type` loads nothing. */
const IMPORT =
  /^(?:import|export) (?!type )(?:[^'";]*? from )?'([^'\n]+)'|\bimport\(\s*'([^'\n]+)'/gm;
/** The package itself, or one of its further entries. */
const ENTRY = /^nestjs-tracing(?:\/(.+))?$/;

/** @type {Map<string, string[]>} */
const known = new Map();

/**
 * What a TypeScript file of this repository imports, itself or through other files of it.
 *
 * @param {string} file its absolute path
 * @param {string} root the folder of the repository
 * @returns {Map<string, string[]>} each file that it needs, itself among them, with the names of
 *   the packages that this file imports
 */
export function importsOf(file, root) {
  const found = new Map();
  const waiting = [file];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    const targets = directImports(next, root);
    found.set(
      next,
      targets.filter((target) => !isFile(target)),
    );
    waiting.push(...targets.filter(isFile));
  }
  return found;
}

/** The names of packages, and the paths of files of this repository. */
function directImports(file, root) {
  let targets = known.get(file);
  if (targets === undefined) {
    targets = [...readFileSync(file, 'utf8').matchAll(IMPORT)]
      .map(([, named, lazy]) => targetOf(named ?? lazy, file, root))
      .filter((target) => target !== undefined && !/\.(?:css|json)$/.test(target));
    known.set(file, targets);
  }
  return targets;
}

function targetOf(specifier, file, root) {
  const entry = ENTRY.exec(specifier);
  if (entry !== null) return resolve(root, 'src', entry[1] ?? '', 'index.ts');
  if (!specifier.startsWith('.')) return specifier;
  const path = resolve(dirname(file), specifier);
  return [path.replace(/js$/, 'ts'), path.replace(/js$/, 'tsx'), path].find(existsSync);
}

function isFile(target) {
  return resolve(target) === target;
}
