import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sidebar } from '../../docs/.vitepress/sidebar.js';
import { Packed } from '../package/packed.js';
import { API_PAGE, apiPage } from './api-page.js';
import { checkTypes } from './block-types.js';
import { checkData } from './data-blocks.js';
import { Declarations } from './declarations.js';
import { declaredOptions } from './declared-options.js';
import { undocumentedNames, unmentionedNames } from './exported-names.js';
import { installPackage, type Installed } from './installed.js';
import { checkLinks, linkedFiles } from './links.js';
import { findingText, readPage, type Finding } from './markdown.js';
import { checkOptionsPage, OPTIONS_PAGE } from './options-page.js';
import { DOCS, readPages } from './pages.js';
import { checkShell, shellOf } from './shell-blocks.js';

// The documentation against what users install. `npm run docs:check` is the fast form of it.

const TIME_LIMIT_MS = 300_000;

const pages = readPages();
const docs = pages.filter(({ path }) => path.startsWith(`${DOCS}/`));
let packed: Packed;
let installed: Installed;
let declarations: Declarations;

beforeAll(async () => {
  packed = await Packed.make();
  const unpacked = packed.makeFolder('unpacked');
  execFileSync('tar', ['-xzf', packed.tarball, '-C', unpacked]);
  installed = installPackage(join(unpacked, 'package'), 'packed');
  declarations = new Declarations(installed.package, installed.entries);
}, TIME_LIMIT_MS);

afterAll(() => packed.remove());

function texts(findings: readonly Finding[]): string[] {
  return findings.map(findingText);
}

describe('the code of the documentation', () => {
  it('names its language, and data can be read', () => {
    expect(texts(checkData(pages))).toEqual([]);
  });

  it(
    'compiles in an application that has installed the tarball',
    () => {
      expect(texts(checkTypes(pages, installed.folder, installed.entries))).toEqual([]);
    },
    TIME_LIMIT_MS,
  );

  it(
    'runs commands that exist',
    async () => {
      expect(texts(await checkShell(pages, shellOf('.', installed.cli)))).toEqual([]);
    },
    TIME_LIMIT_MS,
  );

  it('says why a block is not checked', () => {
    const reasons = pages
      .flatMap(({ blocks }) => blocks)
      .map(({ check }) => /^skip(.*)/.exec(check ?? '')?.[1]?.trim())
      .filter((reason) => reason !== undefined);
    expect(reasons.filter((reason) => reason.length < 10)).toEqual([]);
  });
});

describe('the links of the documentation', () => {
  it('lead to files and headings that exist', () => {
    expect(texts(checkLinks(pages))).toEqual([]);
  });

  it('lead from the README to files that are in the tarball', () => {
    const outside = linkedFiles(readPage('README.md')).filter(
      ({ path }) => !packed.paths.includes(path),
    );
    expect(outside.map(({ path, line }) => `README.md:${line}: ${path}`)).toEqual([]);
  });

  it('are in the list of the site, for each page', () => {
    const listed = sidebar.flatMap(({ pages }) => pages.map(({ page }) => `${DOCS}/${page}.md`));
    expect(listed.toSorted()).toEqual(docs.map(({ path }) => path).toSorted());
  });
});

describe('the reference', () => {
  it('has each option with its type, default and an example', () => {
    const { options, unreached } = declaredOptions(declarations);
    expect(unreached).toEqual([]);
    expect(texts(checkOptionsPage(readPage(OPTIONS_PAGE), options))).toEqual([]);
  });

  it('explains each exported name in its types, with an example of what can be called', () => {
    expect(undocumentedNames(declarations)).toEqual([]);
  });

  it('lists each exported name: npm run docs:names', () => {
    expect(readFileSync(API_PAGE, 'utf8')).toBe(apiPage(declarations));
  });

  it('uses what can be imported on some page', () => {
    expect(unmentionedNames(declarations, docs)).toEqual([]);
  });
});
