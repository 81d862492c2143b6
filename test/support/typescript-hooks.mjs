import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, COMPILER } from './typescript-compiler.mjs';

// Lets Node run the TypeScript sources directly, in the processes that tests and scripts start.

/** The package itself, or one of its further entries. */
const ENTRY = /^nestjs-tracing(\/\w+)?$/;
/** Tests start hundreds of processes with the same sources: each source is compiled once. */
const CACHE = fileURLToPath(
  new URL('../../node_modules/.cache/typescript-hooks/', import.meta.url),
);

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
  return {
    format: isCommonJs ? 'commonjs' : 'module',
    source: compiled(fileURLToPath(url)),
    shortCircuit: true,
  };
}

function compiled(file) {
  const source = readFileSync(file, 'utf8');
  const key = createHash('sha256').update(JSON.stringify([COMPILER, file, source]));
  const cached = join(CACHE, key.digest('hex'));
  try {
    return readFileSync(cached, 'utf8');
  } catch {
    // Not compiled yet.
  }
  const code = compile(file, source);
  mkdirSync(CACHE, { recursive: true });
  // Another process may be reading: it must not find half a file.
  writeFileSync(`${cached}.${process.pid}`, code);
  renameSync(`${cached}.${process.pid}`, cached);
  return code;
}
