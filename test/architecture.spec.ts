import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const SOURCE = 'src';

/** The folders, from the one that all others use to those that use all others. */
const LAYERS: readonly (readonly string[])[] = [
  ['records'],
  ['patch'],
  ['trace'],
  ['options'],
  ['context'],
  ['spans', 'logging', 'http-client'],
  ['access-log'],
  ['http-server'],
  ['instrumentation'],
  ['metrics', 'otlp', 'viewer', 'testing', 'cli', 'schematics'],
];
/** The command reads and shows what the trace viewer does; no other neighbours know each other. */
const NEIGHBOURS = new Set(['cli -> viewer']);
/**
 * What the entries beside the core may import of it: the contract, and pure values. They learn
 * everything else from records.
 */
const CONSUMERS: Readonly<Record<string, readonly string[]>> = {
  metrics: ['records', 'options'],
  otlp: ['records', 'options'],
  testing: ['records', 'options'],
  viewer: ['records', 'options', 'trace'],
  cli: ['records', 'trace', 'viewer'],
  // Runs in the Nest CLI, without the package's other files.
  schematics: [],
};
/** The files that need more, and why. */
const MORE_THAN_CONTRACT = new Set([
  // Changes the retries of an exporter.
  'otlp/export-retries.ts',
  // Runs a function in a trace without an application, so it needs what runs one.
  'testing/with-trace.ts',
  // Answers in front of the tracer, in the same slot of the HTTP adapter.
  'viewer/server/viewer-request-hook.ts',
]);
const TOP_FILES = ['index.ts', 'tracing.module-definition.ts', 'tracing.module.ts'];
const PURE = new Set(['trace']);
const BANNED_NAMES = /(?:utils?|helpers?|common|misc|shared)(?:\.ts)?$/;
const MAX_LINES = 260;
/** Development dependencies that the build bundles, and the folder that may import each. */
const BUNDLED: Readonly<Record<string, string>> = { commander: 'cli', pbf: 'viewer' };
/** What a folder takes from the project of the user. Only its types are imported. */
const OF_PROJECT: Readonly<Record<string, string>> = { typescript: 'schematics' };
/** A cast that the type checker cannot check. */
const CASTS = /\bas (?:never|unknown as)\b/;
/** What runs in a browser, and is built by itself. */
const PAGE = 'viewer/page/';
/** What the page, the server and the command share: pure functions and collections of records. */
const OF_RECORDS =
  /^viewer\/(?:(?:store|search|summary|waterfall)\/|(?:view-records|request-title|request-outcome|duration-text|plain-json|agent-text|server-address)\.ts$)/;

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Whether it is loaded when it is needed, by `import('…')`. */
  readonly isLazy: boolean;
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.[cm]?tsx?$/.test(file))
  .map((file) => normalize(file));

const imports: Import[] = files.flatMap((file) =>
  [
    ...readFileSync(join(SOURCE, file), 'utf8').matchAll(/(?:from|import)\s*(\(?)\s*'([^'\n]+)'/g),
  ].map((match) => ({ from: file, specifier: match[2]!, isLazy: match[1] === '(' })),
);

const local = imports.filter(
  ({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.css'),
);

function target({ from, specifier }: Import): string {
  const path = join(SOURCE, dirname(from), specifier.replace(/js$/, 'ts'));
  return relative(SOURCE, existsSync(path) ? path : `${path}x`);
}

/** Every change to code that is not ours goes through these, so they are below all that make one. */
const PATCH = new Set(['instrumentation/patch.ts']);

function folderOf(file: string): string {
  if (PATCH.has(file)) return 'patch';
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
}

function layerOf(folder: string): number {
  return folder === '' ? LAYERS.length : LAYERS.findIndex((layer) => layer.includes(folder));
}

describe('the layout', () => {
  it('has the folders of the picture and no others', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== ''));
    expect([...folders].filter((folder) => layerOf(folder) === -1)).toEqual([]);
    expect(files.filter((file) => folderOf(file) === '').toSorted()).toEqual(TOP_FILES);
  });

  it('finds what it checks', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(local.length).toBeGreaterThan(60);
    expect(local.filter((one) => !existsSync(join(SOURCE, target(one))))).toEqual([]);
  });

  it('imports one way only', () => {
    const wrong = local.filter((one) => {
      const from = folderOf(one.from);
      const to = folderOf(target(one));
      if (from === to) return false;
      return layerOf(to) >= layerOf(from) && !NEIGHBOURS.has(`${from} -> ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  it('allows consumers to import the contract of the core and nothing else of it', () => {
    const wrong = local.filter((one) => {
      const allowed = CONSUMERS[folderOf(one.from)];
      const to = folderOf(target(one));
      if (allowed === undefined || to === folderOf(one.from)) return false;
      return !allowed.includes(to) && !MORE_THAN_CONTRACT.has(one.from);
    });
    expect(wrong).toEqual([]);
  });

  it('has no cycles', () => {
    const edges = new Map<string, string[]>();
    for (const one of local) edges.set(one.from, [...(edges.get(one.from) ?? []), target(one)]);
    const done = new Set<string>();
    const visit = (file: string, path: string[]): string[] | undefined => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return undefined;
      for (const next of edges.get(file) ?? []) {
        const cycle = visit(next, [...path, file]);
        if (cycle !== undefined) return cycle;
      }
      done.add(file);
      return undefined;
    };
    expect(files.map((file) => visit(file, [])).filter(Boolean)).toEqual([]);
  });

  it('imports through no barrel of its own', () => {
    expect(local.filter((one) => /(?:^|\/)index\.ts$/.test(target(one)))).toEqual([]);
  });

  it('keeps the value that flows pure: no Nest, no I/O', () => {
    const impure = imports.filter(
      ({ from, specifier }) =>
        PURE.has(folderOf(from)) && !specifier.startsWith('.') && specifier !== 'node:crypto',
    );
    expect(impure).toEqual([]);
  });

  it('loads nothing but its peers, Node and what is bundled', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies: Record<string, string>;
      peerDependencies: Record<string, string>;
      peerDependenciesMeta: Record<string, { optional: boolean }>;
    };
    const { dependencies, devDependencies, peerDependencies, peerDependenciesMeta } = manifest;
    expect(dependencies).toBeUndefined();
    expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(Object.keys(BUNDLED)));
    const foreign = imports.filter(({ from, specifier, isLazy }) => {
      if (/^(?:\.|node:)/.test(specifier) || from.startsWith(PAGE)) return false;
      const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)![0];
      // An entry of its own may need more. The core not even in its types, which would be missing
      // where the package is not installed.
      const isEntry = layerOf(folderOf(from)) === LAYERS.length - 1;
      if (Object.hasOwn(BUNDLED, name)) return folderOf(from) !== BUNDLED[name];
      if (Object.hasOwn(OF_PROJECT, name)) return folderOf(from) !== OF_PROJECT[name];
      if (name in peerDependencies) return false;
      if (!(name in peerDependenciesMeta)) return true;
      return !isEntry && !(isLazy && folderOf(from) === 'instrumentation');
    });
    expect(foreign).toEqual([]);
  });

  it('keeps the page of the viewer apart: Preact, itself, and the types of what it shows', () => {
    const ofPage = imports.filter(({ from }) => from.startsWith(PAGE));
    expect(ofPage.length).toBeGreaterThan(30);
    const foreign = ofPage.filter(({ from, specifier }) => {
      if (specifier.endsWith('.css')) return false;
      if (!specifier.startsWith('.')) {
        const isBuild = /^(?:vite$|node:)/.test(specifier);
        return !isBuild && !/^preact(?:\/|$)/.test(specifier);
      }
      const to = target({ from, specifier, isLazy: false });
      return !to.startsWith(PAGE) && !OF_RECORDS.test(to) && !/^(?:records|trace)\//.test(to);
    });
    expect(foreign).toEqual([]);
    const intoPage = local.filter(
      (one) => !one.from.startsWith(PAGE) && target(one).startsWith(PAGE),
    );
    expect(intoPage).toEqual([]);
  });

  it('keeps what the page and the command share free of both the browser and Node', () => {
    const ofRecords = imports.filter(({ from }) => OF_RECORDS.test(from));
    expect(ofRecords.length).toBeGreaterThan(20);
    const foreign = ofRecords.filter((one) => {
      if (!one.specifier.startsWith('.')) return true;
      const to = target(one);
      return !OF_RECORDS.test(to) && !/^(?:records|trace)\//.test(to);
    });
    expect(foreign).toEqual([]);
  });

  it('has no folder for odds and ends, and no file too long to read', () => {
    expect(files.filter((file) => file.split('/').some((part) => BANNED_NAMES.test(part)))).toEqual(
      [],
    );
    const lines = (file: string): number =>
      readFileSync(join(SOURCE, file), 'utf8').split('\n').length;
    expect(files.filter((file) => lines(file) > MAX_LINES)).toEqual([]);
  });

  it('sees the types of other packages whole, except where it changes their code', () => {
    const casting = files
      .filter((file) => !file.startsWith(`instrumentation/`) && !file.startsWith(PAGE))
      .filter((file) => CASTS.test(withoutComments(readFileSync(join(SOURCE, file), 'utf8'))));
    expect(casting).toEqual([]);
  });

  it('never enters a context without leaving it', () => {
    const entering = files.filter((file) =>
      readFileSync(join(SOURCE, file), 'utf8').includes('enterWith('),
    );
    expect(entering).toEqual([]);
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
}
