import { posix } from 'node:path';

/**
 * Where a link of a page leads on the site. What is outside of `docs` is not part of it: that is in
 * the repository.
 *
 * @param page the path of the page, relative to `docs`
 * @param files the address of the repository's files, or `undefined` as long as it has none
 * @returns the address, or `undefined` where there is none that a reader of the site could open
 *
 * @example
 * siteTarget('../CONTRIBUTING.md', 'architecture.md', 'https://git.example/blob/main');
 */
export function siteTarget(
  target: string,
  page: string,
  files: string | undefined,
): string | undefined {
  if (/^(?:[a-z][a-z\d+.-]*:|\/|#)/i.test(target)) return target;
  const path = posix.normalize(posix.join('docs', posix.dirname(page), target));
  if (path.startsWith('docs/')) return target;
  return files === undefined ? undefined : `${files}/${path}`;
}

/** The address of the files of the repository that `package.json` names, if it names one. */
export function filesAddress(
  repository: string | { readonly url: string } | undefined,
): string | undefined {
  const url = typeof repository === 'object' ? repository.url : repository;
  return url === undefined
    ? undefined
    : `${url.replace(/^git\+/, '').replace(/\.git$/, '')}/blob/main`;
}
