import { readFileSync } from 'node:fs';
import { OptionDefaults } from 'typedoc';

const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'nestjs-tracing',
  // Every entry that users import.
  entryPoints: Object.values(exports)
    .filter((target) => typeof target !== 'string')
    .map(({ import: { types } }) => types.replace('./dist/esm', '../src').replace('.d.ts', '.ts')),
  tsconfig: '../tsconfig.types.json',
  out: '../build/docs/api',
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  disableSources: true,
  hideGenerator: true,
  githubPages: false,
  modifierTags: [...OptionDefaults.modifierTags, '@publicApi'],
  // A link to a name that is not in the reference fails.
  validation: { invalidLink: true, notExported: false, notDocumented: false },
  treatWarningsAsErrors: true,
  navigationLinks: { Documentation: '../index.html' },
};
