import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesAddress, siteTarget } from '../../docs/.vitepress/repository-links.js';
import { checkLinks, linkedFiles } from './links.js';
import { parsePage } from './markdown.js';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'nestjs-tracing-links-'));
  mkdirSync(join(root, 'docs'));
  writeFileSync(join(root, 'docs/logging.md'), '# Logging\n\n## Own formats\n');
  writeFileSync(join(root, 'README.md'), '# Read me\n');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function wrongLinks(text: string): string[] {
  return checkLinks([parsePage('docs/ids.md', text)], root).map(({ message }) => message);
}

describe('links', () => {
  it.each([
    '[x](logging.md)',
    '[x](logging.md#own-formats)',
    '[x](../README.md#read-me)',
    '# Ids\n[x](#ids)',
    '[x](https://example.com/y#z)',
  ])('that lead somewhere: %s', (text) => {
    expect(wrongLinks(text)).toEqual([]);
  });

  it.each([
    ['[x](loging.md)', 'loging.md: there is no docs/loging.md'],
    ['[x](logging.md#formats)', 'logging.md#formats: docs/logging.md has no heading #formats'],
    ['[x](#nowhere)', '#nowhere: docs/ids.md has no heading #nowhere'],
    ['![x](images/a.png)', 'images/a.png: there is no docs/images/a.png'],
    ['<img src="images/a.png">', 'images/a.png: there is no docs/images/a.png'],
    ['[x](/logging)', '/logging is not relative'],
    ['[x](../../y.md)', '../../y.md is outside of the repository'],
  ])('that lead nowhere: %s', (text, message) => {
    expect(wrongLinks(text)).toEqual([message]);
  });

  it('have the paths of files in the repository', () => {
    const page = parsePage('docs/migration/index.md', '[x](../ids.md#a) [y](#b) [z](https://a.b)');
    expect(linkedFiles(page).map(({ path }) => path)).toEqual(['docs/ids.md']);
  });
});

describe('links on the site', () => {
  const files = filesAddress({ url: 'git+https://git.example/a/b.git' });

  it.each([
    ['ids.md#a', 'index.md', 'ids.md#a'],
    ['../ids.md', 'migration/index.md', '../ids.md'],
    ['#a', 'index.md', '#a'],
    ['https://a.b', 'index.md', 'https://a.b'],
    ['../SECURITY.md', 'index.md', 'https://git.example/a/b/blob/main/SECURITY.md'],
    ['../../src/index.ts', 'migration/index.md', 'https://git.example/a/b/blob/main/src/index.ts'],
  ])('%s in %s is %s', (target, page, expected) => {
    expect(siteTarget(target, page, files)).toBe(expected);
  });

  it('that leave it are none while the repository has no address', () => {
    expect(siteTarget('../SECURITY.md', 'index.md', filesAddress(undefined))).toBeUndefined();
  });
});
