import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { manifest } from './package-entries.js';

// Fails where importing the core loads too much of the last build, or an optional peer, at run time
// or in its types.

/** For each build. Raising either limit is a decision that a pull request explains. */
const MAX_FILES = 40;
const MAX_BYTES = 560_000;

const DIST = pathToFileURL(`${resolve('dist')}/`).href;
const IMPORTS: readonly (readonly [build: 'esm' | 'cjs', options: readonly string[]])[] = [
  ['esm', ['--input-type=module', '--eval', `import '${manifest.name}'`]],
  ['cjs', ['--input-type=commonjs', '--eval', `require('${manifest.name}')`]],
];

const optionalPeers = Object.keys(manifest.peerDependenciesMeta);
const problems: string[] = [];

for (const [build, options] of IMPORTS) {
  const urls = loadedBy(options);
  const own = urls.filter((url) => url.startsWith(DIST));
  const bytes = own.reduce((sum, url) => sum + statSync(fileURLToPath(url)).size, 0);
  console.log(
    `dist/${build}: importing the core loads ${own.length} files of ${MAX_FILES}, ${bytes} bytes of ${MAX_BYTES}`,
  );
  if (own.length === 0) problems.push(`dist/${build} was not loaded`);
  if (own.length > MAX_FILES) problems.push(`dist/${build}: ${own.length} files`);
  if (bytes > MAX_BYTES) problems.push(`dist/${build}: ${bytes} bytes`);
  for (const peer of optionalPeers) {
    const isLoaded = urls.some((url) => url.includes(`/node_modules/${peer}/`));
    if (isLoaded) problems.push(`dist/${build} loads ${peer}, an optional peer`);
  }
  for (const name of packagesOf(resolve(`dist/${build}/index.d.ts`))) {
    if (name.startsWith('node:') || isRequiredPeer(name)) continue;
    problems.push(`the types of dist/${build} import ${name}, which may not be installed`);
  }
}

for (const problem of problems) console.error(`  ${problem}`);
if (problems.length > 0) process.exitCode = 1;

/** The URLs of all modules that a process of Node loaded. */
function loadedBy(options: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-load-'));
  try {
    const env = { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: folder };
    execFileSync(process.execPath, options, { env });
    return readdirSync(folder).flatMap((file) => {
      const coverage = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
        result: { url: string }[];
      };
      return coverage.result.map(({ url }) => url);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The packages that a declaration file imports, itself or through others of the build. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  for (const { fileName } of importedFiles) {
    if (!fileName.startsWith('.')) {
      packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(fileName)![0]);
      continue;
    }
    const next = resolve(dirname(file), fileName.replace(/\.js$/, '.d.ts'));
    for (const name of packagesOf(next, seen)) packages.add(name);
  }
  return packages;
}

function isRequiredPeer(name: string): boolean {
  return name in manifest.peerDependencies && !optionalPeers.includes(name);
}
