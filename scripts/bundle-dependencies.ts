import { readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build } from 'vite';
import { MINIFIED } from './minified.js';

// Bundles what is used of a dependency in the place of the module that exports it, so that the package
// has no dependency of its own.

/** The modules that export what is used of `commander` and of `pbf`, and nothing else. */
const REEXPORTS = ['command-parser.ts', 'pbf-reader.ts'];

for (const name of REEXPORTS) {
  const file = find('src', name);
  await bundle(file, join('build/modules', dirname(relative('src', file))));
}

/** Leaves the licences of what it bundled in `.licenses`, for `write-notices.ts`. */
async function bundle(entry: string, outDir: string): Promise<void> {
  const name = basename(entry, '.ts');
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      license: { fileName: `.licenses/${name}.json` },
      rolldownOptions: {
        output: {
          format: 'es',
          entryFileNames: `${name}.js`,
          codeSplitting: false,
          comments: false,
          keepNames: true,
          minify: MINIFIED,
        },
      },
    },
  });
}

function find(folder: string, name: string): string {
  const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
    (path) => basename(path) === name,
  );
  if (file === undefined) throw new Error(`no ${name} in ${folder}`);
  return join(folder, file);
}
