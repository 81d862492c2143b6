import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

// Lets Node run the sources as they are, in the processes that tests start.

/** The package itself, or one of its further entries. */
const ENTRY = /^nestjs-tracing(\/\w+)?$/;

export async function resolve(specifier, context, next) {
  const entry = ENTRY.exec(specifier);
  if (entry !== null)
    specifier = new URL(`../../src${entry[1] ?? ''}/index.js`, import.meta.url).href;
  if (/^(?:\.{1,2}\/|file:).*\.c?js$/.test(specifier)) {
    const source = new URL(specifier.replace(/js$/, 'ts'), context.parentURL);
    if (existsSync(fileURLToPath(source))) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  const isCommonJs = url.endsWith('.cts');
  if (!isCommonJs && !url.endsWith('.ts')) return next(url, context);
  const { code } = await transformFile(fileURLToPath(url), {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
    module: { type: isCommonJs ? 'commonjs' : 'es6' },
    sourceMaps: 'inline',
  });
  return { format: isCommonJs ? 'commonjs' : 'module', source: code, shortCircuit: true };
}
