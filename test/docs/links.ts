import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readPage, type Finding, type Link, type Page } from './markdown.js';

const ELSEWHERE = /^(?:[a-z][a-z\d+.-]*:|\/\/)/i;

/**
 * Checks that what links and pictures lead to exists: files of the repository at `root`, and
 * headings of its pages.
 */
export function checkLinks(pages: readonly Page[], root = '.'): Finding[] {
  const known = new Map(pages.map((page) => [page.path, page]));
  const pageAt = (path: string): Page => {
    const page = known.get(path) ?? readPage(path, root);
    known.set(path, page);
    return page;
  };
  return pages.flatMap((page) =>
    page.links
      .map(({ target, line }) => ({ line, message: wrongTarget(page, target, root, pageAt) }))
      .flatMap(({ line, message }) =>
        message === undefined ? [] : [{ page: page.path, line, message }],
      ),
  );
}

/** The files that links and pictures of a page lead to, as paths in the repository. */
export function linkedFiles(page: Page): (Link & { readonly path: string })[] {
  return page.links
    .filter(({ target }) => !ELSEWHERE.test(target) && !target.startsWith('#'))
    .map((link) => ({ ...link, path: pathOf(page, link.target) }));
}

function wrongTarget(
  page: Page,
  target: string,
  root: string,
  pageAt: (path: string) => Page,
): string | undefined {
  if (ELSEWHERE.test(target)) return undefined;
  if (target.startsWith('/')) return `${target} is not relative`;
  const path = target.startsWith('#') ? page.path : pathOf(page, target);
  if (path.startsWith('..')) return `${target} is outside of the repository`;
  const file = join(root, path);
  if (path !== page.path && !existsSync(file)) return `${target}: there is no ${path}`;
  const anchor = /#(.+)$/.exec(target)?.[1];
  if (anchor === undefined || !path.endsWith('.md')) return undefined;
  const { headings } = pageAt(path);
  if (headings.some(({ slug }) => slug === decodeURIComponent(anchor))) return undefined;
  return `${target}: ${path} has no heading #${anchor}`;
}

function pathOf(page: Page, target: string): string {
  return normalize(join(dirname(page.path), decodeURIComponent(target.replace(/#.*$/, ''))));
}
