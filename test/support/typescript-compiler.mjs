import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** With a list of the exports that Node can read: an `import` of one of them fails without it. */
const COMMONJS = { type: 'commonjs', exportInteropAnnotation: true };

/** What the compiler is, for those who keep what it made. */
export const COMPILER = `@swc/core ${require('@swc/core/package.json').version} ${JSON.stringify(COMMONJS)}`;

/**
 * Compiles a TypeScript file for Node. The compiler is loaded at the first call: what has been kept
 * needs none.
 *
 * @param {string} file its path; `.cts` becomes CommonJS
 * @param {string} source
 * @returns {string} JavaScript, with its source map
 */
export function compile(file, source) {
  const { code } = require('@swc/core').transformSync(source, {
    filename: file,
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
    module: file.endsWith('.cts') ? COMMONJS : { type: 'es6' },
    sourceMaps: 'inline',
  });
  return code;
}
