import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * A module inside a CommonJS package, of the very copy that exports this; `undefined` where the copy
 * has none. For classes that a package does not export.
 *
 * @param path from the main file of the package: `./lib/client/pool.js`.
 */
export function innerModule(name: string, exported: object, path: string): object | undefined {
  const { cache } = createRequire(join(process.cwd(), 'index.js'));
  const folder = join('node_modules', name);
  const main = Object.keys(cache).find(
    (file) => file.includes(folder) && cache[file]?.exports === exported,
  );
  if (main === undefined) return undefined;
  try {
    return Object(createRequire(main)(path)) as object;
  } catch {
    // Another version has other modules.
    return undefined;
  }
}
