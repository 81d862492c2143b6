import { parseArgs } from 'node:util';
import { checkTypes } from './block-types.js';
import { Declarations } from './declarations.js';
import { declaredOptions } from './declared-options.js';
import { checkData } from './data-blocks.js';
import { installPackage } from './installed.js';
import { checkLinks } from './links.js';
import { findingText, type Page } from './markdown.js';
import { pagePaths, readPages } from './pages.js';
import { checkOptionsPage, OPTIONS_PAGE } from './options-page.js';
import { checkShell, shellOf } from './shell-blocks.js';

// node test/docs/check.ts [--root <repository>] [--package <built repository>] [page…]
//
// Checks pages against the build of the working tree, for those who write them. The same is a test,
// against the packed tarball: docs.package.ts.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { root: { type: 'string', default: '.' }, package: { type: 'string', default: '.' } },
});
const { root } = values;
const installed = installPackage(values.package, 'check');
const pages = readPages(positionals.length > 0 ? positionals : pagePaths(root), root);
const findings = [
  ...checkData(pages),
  ...checkTypes(pages, installed.folder, installed.entries),
  ...(await checkShell(pages, shellOf(root, installed.cli))),
  ...checkLinks(pages, root),
];
const optionsPage = pages.find(({ path }) => path === OPTIONS_PAGE);
if (optionsPage !== undefined) {
  const declarations = new Declarations(installed.package, installed.entries);
  findings.push(...checkOptionsPage(optionsPage, declaredOptions(declarations).options));
}
for (const finding of findings) console.error(findingText(finding));
for (const skipped of pages.flatMap(skippedBlocks)) console.log(skipped);
const blocks = pages.reduce((sum, page) => sum + page.blocks.length, 0);
console.log(`${pages.length} pages, ${blocks} blocks of code, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;

function skippedBlocks({ path, blocks: all }: Page): string[] {
  return all
    .filter(({ check }) => check?.startsWith('skip'))
    .map(({ line, check }) => `${path}:${line}: skipped: ${check!.slice('skip'.length).trim()}`);
}
