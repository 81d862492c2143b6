import { cpSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { rolldown, type ChunkingContext } from 'rolldown';
import { MINIFIED } from './minified.js';
import { entries } from './package-entries.js';

// Bundles the compiled modules into `dist/esm`. An application so loads 30 files where it would load
// 300, and what it does not use stays in files of its own.

const MODULES = resolve('build/modules');
const TARGET = 'dist/esm';
/**
 * In bytes, of one file. In the tarball each is next to the same file of the other build, and gzip
 * finds what it has seen within 32 kB.
 */
const MAX_BYTES = 24_000;
/** It finds the package's own frames by the name of its file. */
const OWN_FRAMES = join(MODULES, 'records/own-frames.js');

const inputs = entries.map((entry) => [entry, join(MODULES, `${entry}.js`)] as const);
let chunks: ReadonlyMap<string, string> | undefined;

const bundle = await rolldown({
  input: Object.fromEntries(inputs),
  platform: 'node',
  external: (id) => !/^[./]/.test(id) || id.endsWith('.cjs'),
  preserveEntrySignatures: 'allow-extension',
  // What one instrumentation loads later may be what another needs at once.
  checks: { ineffectiveDynamicImport: false },
});
rmSync(TARGET, { recursive: true, force: true });
await bundle.write({
  dir: TARGET,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: 'internal/[name].js',
  comments: false,
  minifyInternalExports: false,
  minify: MINIFIED,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      {
        debugName: 'entries',
        name: (id, context) => (chunks ??= chunksOfEntries(context)).get(id) ?? null,
      },
    ],
  },
});
await bundle.close();

// CommonJS in both builds: they are found beside the bundles as they are beside the sources.
for (const file of readdirSync(MODULES, { recursive: true, encoding: 'utf8' })) {
  if (file.endsWith('.cjs')) cpSync(join(MODULES, file), join(TARGET, file));
}

/**
 * The chunk of each module that an entry imports. A chunk has modules that follow each other in the
 * order in which they run, so that no two chunks import each other. What is imported later, with
 * `import()`, is left to the bundler.
 */
function chunksOfEntries(context: ChunkingContext): Map<string, string> {
  const found = new Map<string, string>([[OWN_FRAMES, 'own-frames']]);
  for (const [entry, file] of inputs) {
    const name = entry === 'index' ? 'core' : entry.split('/')[0]!;
    let bytes = 0;
    let number = 1;
    for (const id of inOrder(file, context)) {
      if (found.has(id) || id === file) continue;
      const size = statSync(id).size;
      if (bytes > 0 && bytes + size > MAX_BYTES) {
        number += 1;
        bytes = 0;
      }
      bytes += size;
      found.set(id, `${name}-${number}`);
    }
  }
  return found;
}

/** The modules that a module imports, itself or through others, in the order in which they run. */
function inOrder(file: string, context: ChunkingContext): Set<string> {
  const visited = new Set<string>();
  const ordered = new Set<string>();
  const visit = (id: string): void => {
    if (visited.has(id)) return;
    visited.add(id);
    for (const imported of context.getModuleInfo(id)?.importedIds ?? []) {
      if (isBundled(imported)) visit(imported);
    }
    ordered.add(id);
  };
  visit(file);
  return ordered;
}

function isBundled(id: string): boolean {
  return !relative(MODULES, id).startsWith(`..${sep}`) && id.endsWith('.js');
}
