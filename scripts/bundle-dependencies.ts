import { readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build } from 'vite';
import { MINIFIED } from './minified.js';

// Bundles what needs a dependency together with it, so that the package has no dependency of its
// own: the command line with `commander`, and the viewer's reader of protobuf.

const COMMAND_LINE = 'src/cli/main.ts';
/** The module that exports what the viewer needs of `pbf`, and nothing else. */
const REEXPORT = 'pbf-reader.ts';

await bundle(COMMAND_LINE, 'dist/cli');
const reexport = find('src', REEXPORT);
// In the place of what the compiler made of it.
await bundle(reexport, join('build/modules', dirname(relative('src', reexport))));

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
          minify: entry === COMMAND_LINE || MINIFIED,
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
