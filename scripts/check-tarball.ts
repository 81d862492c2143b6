import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { entries, manifest } from './package-entries.js';

// Fails where the tarball of the last build is too large, or holds anything but what a user runs
// and reads.

/** In bytes, packed. Raising either limit is a decision that a pull request explains. */
const MAX_BYTES = 450_000;
const MAX_FILES = 900;

const ALLOWED: readonly RegExp[] = [
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^docs\/(?:[\w-]+\.md|images\/why-it-failed\.png)$/,
  /^dist\/THIRD-PARTY-NOTICES\.txt$/,
  /^dist\/viewer-page\/(?:index\.html|page\.(?:js|css))$/,
  /^dist\/schematics\/(?:collection\.json|nest-add\.cjs)$/,
  /^dist\/(?:cjs|esm\/internal)\/package\.json$/,
  /^dist\/(?:esm|cjs)\/types\/[\w.-]+\.d\.ts$/,
  new RegExp(`^dist/(?:esm|cjs)/(?:${entries.join('|')})\\.d\\.ts$`),
  /^dist\/(?:esm|cjs)\/[\w./-]+\.c?js$/,
];
/** JavaScript that has no place there: it is bundled, or no part of the package. */
const FORBIDDEN =
  /^dist\/(?:(?:esm|cjs)\/(?:.*\/)?(?:page|test)|cjs\/cli)\/|\.(?:spec|test)\.c?js$/;

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
});
const [packed] = JSON.parse(output) as [Packed];
const paths = packed.files.map(({ path }) => path);

const problems = [
  ...limit('bytes', packed.size, MAX_BYTES),
  ...limit('files', paths.length, MAX_FILES),
  ...paths.filter((path) => !isAllowed(path)).map((path) => `${path} does not belong there`),
  ...paths.filter(hasSourceMap).map((path) => `${path} refers to a source map`),
  ...required()
    .filter((path) => !paths.includes(path))
    .map((path) => `${path} is missing`),
  ...Object.keys(manifest.dependencies ?? {}).map((name) => `${name} is a dependency: bundle it`),
];

console.log(
  `the tarball: ${packed.size} bytes of ${MAX_BYTES}, ${paths.length} files of ${MAX_FILES}`,
);
for (const problem of problems) console.error(`  ${problem}`);
if (problems.length > 0) process.exitCode = 1;

function limit(what: string, value: number, max: number): string[] {
  return value <= max ? [] : [`${value} ${what} are more than ${max}`];
}

function isAllowed(path: string): boolean {
  return ALLOWED.some((pattern) => pattern.test(path)) && !FORBIDDEN.test(path);
}

function hasSourceMap(path: string): boolean {
  return (
    /\.(?:[cm]?js|css|ts)$/.test(path) && readFileSync(path, 'utf8').includes('sourceMappingURL=')
  );
}

/** What `package.json` names, and what the licences ask for. */
function required(): string[] {
  const targets = JSON.stringify([manifest.bin, manifest.exports]).matchAll(
    /"\.\/([^"]+\.[^"/]+)"/g,
  );
  const named = [...targets].map(([, path]) => path!).filter((path) => path !== 'package.json');
  return [...new Set(named), 'LICENSE', 'dist/THIRD-PARTY-NOTICES.txt'];
}
