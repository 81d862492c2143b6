import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { rolldown, type ChunkingContext } from 'rolldown';
import { minify } from 'rolldown/utils';
import { fileText, MINIFIED, MINIFIED_WITH_NAMES } from './minified.js';
import { entries } from './package-entries.js';
import { withoutPatchTexts } from './patch-texts.js';

// Bundles the compiled modules into `dist/esm`. An application so loads 20 files where it would load
// 300, and what it does not use stays in files of its own.

const MODULES = resolve('build/modules');
const TARGET = 'dist/esm';
const COMMAND_LINE = 'cli/main';
/**
 * In bytes, of the modules of one chunk, which become a file of a little more than half of that. A file costs more to
 * resolve, read and link than its code costs to compile, so few are best. But in the tarball each is next
 * to the same file of the other build, and gzip finds what it has seen only within 32 kB.
 */
const MAX_BYTES = 48_000;
/** It finds the package's own frames by the name of its file. */
const OWN_FRAMES = join(MODULES, 'records/own-frames.js');

const inputs = [...entries, COMMAND_LINE].map(
  (entry) => [entry, join(MODULES, `${entry}.js`)] as const,
);
let chunks: ReadonlyMap<string, string> | undefined;

const bundle = await rolldown({
  input: Object.fromEntries(inputs),
  platform: 'node',
  external: (id) => !/^[./]/.test(id) || id.endsWith('.cjs'),
  preserveEntrySignatures: 'allow-extension',
  plugins: [
    {
      name: 'patch-texts',
      transform: (code) => (code.includes('definePatch(') ? withoutPatchTexts(code) : null),
    },
  ],
  // What one instrumentation loads later may be what another needs at once.
  checks: { ineffectiveDynamicImport: false },
});
rmSync(TARGET, { recursive: true, force: true });
await bundle.write({
  dir: TARGET,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: ({ name }) => `${/^cli-\d+$/.test(name) ? 'cli' : 'internal'}/[name].js`,
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

for (const file of readdirSync(TARGET, { recursive: true, encoding: 'utf8' })) {
  const path = join(TARGET, file);
  if (!file.endsWith('.js')) continue;
  const code = readFileSync(path, 'utf8');
  if (!file.startsWith(join('cli', '/'))) writeFileSync(path, fileText(code));
  else
    writeFileSync(path, (await minify(file, code, { module: true, ...MINIFIED_WITH_NAMES })).code);
}

// CommonJS in both builds: they are found beside the bundles as they are beside the sources.
for (const file of readdirSync(MODULES, { recursive: true, encoding: 'utf8' })) {
  if (file.endsWith('.cjs')) cpSync(join(MODULES, file), join(TARGET, file));
}

// For each import, Node looks upwards for a manifest: a small one beside the files is found at once.
writeFileSync(join(TARGET, 'internal/package.json'), '{ "type": "module" }\n');

// The schematic of `nest add`, which the Nest CLI loads with `require`.
const schematic = await rolldown({
  input: join(MODULES, 'schematics/nest-add.js'),
  platform: 'node',
  external: /^node:/,
});
await schematic.write({
  file: 'dist/schematics/nest-add.cjs',
  format: 'cjs',
  comments: false,
  minify: MINIFIED_WITH_NAMES,
});
await schematic.close();
cpSync('src/schematics/collection.json', 'dist/schematics/collection.json');

/**
 * The chunk of each module that an entry imports. A chunk has modules that follow each other in the
 * order in which they run, so that no two chunks import each other. What the core does not need and
 * several others do is apart from them: each may need a package that the others do not. So is what the
 * command line needs, which loads none. What is imported later, with `import()`, is left to the bundler.
 */
function chunksOfEntries(context: ChunkingContext): Map<string, string> {
  const users = new Map<string, Set<string>>();
  for (const [entry, file] of inputs) {
    const name = entry === 'index' ? 'core' : entry.split('/')[0]!;
    for (const id of inOrder(file, context)) {
      users.set(id, (users.get(id) ?? new Set()).add(name));
    }
  }
  for (const file of [OWN_FRAMES, ...inputs.map(([, input]) => input)]) users.delete(file);

  const found = new Map([[OWN_FRAMES, 'own-frames']]);
  const files = new Map<string, { number: number; bytes: number }>();
  for (const [id, names] of users) {
    const [only] = names;
    const name =
      names.size === 1 ? only! : names.has('cli') ? 'plain' : names.has('core') ? 'core' : 'shared';
    const { number, bytes } = files.get(name) ?? { number: 1, bytes: 0 };
    const size = statSync(id).size;
    const isFull = bytes > 0 && bytes + size > MAX_BYTES;
    const next = isFull ? { number: number + 1, bytes: size } : { number, bytes: bytes + size };
    files.set(name, next);
    found.set(id, `${name}-${next.number}`);
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
