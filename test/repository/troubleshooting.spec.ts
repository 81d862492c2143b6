import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const page = readFileSync('docs/troubleshooting.md', 'utf8');

/** The source of the package without its page for the browser. */
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.c?ts$/.test(file) && !/^viewer[\\/]page[\\/]/.test(file))
  .map((file) => readFileSync(join('src', file), 'utf8'));

function codesIn(pattern: RegExp): string[] {
  const codes = sources.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => code!));
  return [...new Set(codes)].toSorted();
}

describe('docs/troubleshooting.md', () => {
  it('has each code of a warning, with what to do', () => {
    const codes = codesIn(/\b(TRACING_[A-Z_]+)\b/g).filter((code) => !IS_NO_WARNING.has(code));
    expect(codes.length).toBeGreaterThan(25);
    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  it('has each code of a configuration error', () => {
    const codes = codesIn(/TracingConfigError\(\s*(?:[^,'`]*\?\s*)?'([A-Z_]+)'/g);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  it('has the codes that are made of the names of options', () => {
    const names = codesIn(/checkOneOf\(\s*'([a-zA-Z.]+)'/g);
    expect(names).toContain('format');
    const codes = names.map(
      (name) => `INVALID_${name.replace(/\.|(?=[A-Z])/g, '_').toUpperCase()}`,
    );
    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });
});

/** Tokens of dependency injection and variables of the environment. */
const IS_NO_WARNING = new Set(['TRACING_OPTIONS', 'TRACING_VIEWER_TOKEN', 'TRACING_VIEWER_URL']);
