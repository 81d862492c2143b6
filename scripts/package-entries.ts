import { readFileSync } from 'node:fs';

/** What the scripts read of `package.json`. */
export interface Manifest {
  readonly name: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Conditions>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

interface Conditions {
  readonly import: Target;
  readonly require: Target;
}

interface Target {
  readonly types: string;
  readonly default: string;
}

const ESM = './dist/esm/';

export const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** The modules that users import, as `package.json` has them: `index`, `metrics/index`, … */
export const entries: readonly string[] = Object.values(manifest.exports)
  .filter((target) => typeof target !== 'string')
  .map((target) => target.import.default.slice(ESM.length).replace(/\.js$/, ''));
