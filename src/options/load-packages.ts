import { TracingConfigError } from '../records/tracing-config.error.js';

type Loaders = Readonly<Record<string, () => unknown>>;

/** What each of the loaders returned. */
type Loaded<L extends Loaders> = { readonly [Name in keyof L]: Awaited<ReturnType<L[Name]>> };

/** What an error about missing packages says besides. */
interface MissingPackages {
  /** Packages that are needed later, to be named with those that are missing now. */
  readonly also?: Loaders;
  /** The version to install, where the newest is not the right one. */
  readonly versions?: Readonly<Record<string, string>>;
}

const NOT_FOUND: ReadonlySet<unknown> = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

/**
 * Loads the packages that an entry of this library needs, each by its name. They are optional peers,
 * so one error names all that are not installed. What a package itself throws is thrown on.
 *
 * @param more what the error says besides.
 *
 * @throws {TracingConfigError} `MISSING_PACKAGES`
 *
 * @example
 * loadPackages('nestjs-tracing/metrics', { 'prom-client': () => require('prom-client') });
 */
export function loadPackages<L extends Loaders>(
  entry: string,
  loaders: L,
  more: MissingPackages = {},
): Loaded<L> {
  const loaded: [string, unknown][] = [];
  const missing: string[] = [];
  for (const [name, load] of Object.entries(loaders)) {
    const found = attempt(name, load);
    if (found === undefined) missing.push(name);
    else loaded.push([name, found.exports]);
  }
  if (missing.length > 0) {
    for (const [name, load] of Object.entries(more.also ?? {})) {
      if (attempt(name, load) === undefined) missing.push(name);
    }
    throw missingPackages(entry, missing, more);
  }
  return Object.fromEntries(loaded) as Loaded<L>;
}

/** The same for loaders that `import()`. */
export async function importPackages<L extends Loaders>(
  entry: string,
  loaders: L,
  more: MissingPackages = {},
): Promise<Loaded<L>> {
  const names = Object.keys(loaders);
  const results = await Promise.allSettled(Object.values(loaders).map(async (load) => load()));
  const missing = names.filter((name, i) => {
    const result = results[i]!;
    if (result.status === 'fulfilled') return false;
    if (isMissing(name, result.reason)) return true;
    throw result.reason;
  });
  if (missing.length > 0) throw missingPackages(entry, missing, more);
  const loaded = results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  return Object.fromEntries(names.map((name, i) => [name, loaded[i]])) as Loaded<L>;
}

function attempt(name: string, load: () => unknown): { exports: unknown } | undefined {
  try {
    return { exports: load() };
  } catch (error) {
    if (isMissing(name, error)) return undefined;
    throw error;
  }
}

/** Whether it is this package that is not installed, and not one that it needs itself. */
function isMissing(name: string, error: unknown): boolean {
  const { code, message } = Object(error) as NodeJS.ErrnoException;
  return NOT_FOUND.has(code) && message.split('\n', 1)[0]!.includes(`'${name}'`);
}

function missingPackages(
  entry: string,
  names: readonly string[],
  { versions = {} }: MissingPackages,
): TracingConfigError {
  const installed = (name: string): string =>
    versions[name] === undefined ? name : `${name}@${versions[name]}`;
  const [verb, pronoun] = names.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return new TracingConfigError(
    'MISSING_PACKAGES',
    `\`${entry}\` needs ${names.join(', ')}, which ${verb} not installed.`,
    `install ${pronoun}: npm install ${names.map(installed).join(' ')}`,
  );
}
