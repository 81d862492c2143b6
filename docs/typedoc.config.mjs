import { readFileSync } from 'node:fs';
import { Converter, OptionDefaults } from 'typedoc';

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
  plugin: [nameModulesAsImported],
  navigationLinks: { Documentation: '../index.html' },
};

/**
 * The reference shows `nestjs-tracing/otlp`, not the file that this is in.
 *
 * @param {import('typedoc').Application} application
 */
function nameModulesAsImported({ converter }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      module.name = module.name === 'index' ? 'nestjs-tracing' : `nestjs-tracing/${module.name}`;
    }
  });
}
