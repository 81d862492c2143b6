import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, type Page } from './markdown.js';

/** The folder of the documentation, which is also that of the site. */
export const DOCS = 'docs';

const BESIDE_DOCS = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'sample-app/observability/README.md',
];

/** The paths of all pages whose code and links are checked. */
export function pagePaths(root = '.'): string[] {
  const docs = readdirSync(join(root, DOCS), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.startsWith('.vitepress'))
    .map((file) => `${DOCS}/${file.replaceAll('\\', '/')}`);
  return [...BESIDE_DOCS.filter((file) => existsSync(join(root, file))), ...docs.toSorted()];
}

/** All pages whose code and links are checked. */
export function readPages(paths: readonly string[] = pagePaths(), root = '.'): Page[] {
  return paths.map((path) => readPage(path, root));
}
