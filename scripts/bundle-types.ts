import { rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { rollup, type RollupLog } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { entries } from './package-entries.js';

// node scripts/bundle-types.ts dist/esm
//
// Bundles the declarations of `build/types` for a build. What no entry exports or refers to is left
// out. What several entries refer to is in a file that they share, because a class with private
// members is another type in each file that declares it.

const SOURCE = 'build/types';
const SHARED = 'types';

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error('which build? `dist/esm` or `dist/cjs`');

const bundle = await rollup({
  input: Object.fromEntries(entries.map((entry) => [entry, join(SOURCE, `${entry}.d.ts`)])),
  external: (id) => !/^[./]/.test(id) && !id.startsWith(SOURCE) && !id.startsWith(resolve(SOURCE)),
  plugins: [dts({ tsconfig: 'tsconfig.types.json' })],
  onwarn: report,
});
await rm(join(dir, SHARED), { recursive: true, force: true });
await bundle.write({
  dir,
  format: 'es',
  entryFileNames: '[name].d.ts',
  chunkFileNames: ({ name }) => `${SHARED}/${name.replace(/\.d(?:\.ts)?$/, '')}.d.ts`,
  minifyInternalExports: false,
  // Small files, for the reason that `bundle-modules.ts` gives.
  manualChunks: (id) =>
    relative(SOURCE, id)
      .split(sep)[0]!
      .replace(/\.d\.ts$/, ''),
});
await bundle.close();

function report({ message }: RollupLog): void {
  // The constructors of modules, which NestJS calls, take what is not exported.
  if (!message.includes('private shared type exports')) throw new Error(message);
}
