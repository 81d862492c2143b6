import type { AccessLogOptions } from '../options/tracing-options.js';
import type { AccessLogRecord } from '../records/access-log-record.js';

/**
 * Makes the function that says which records have no line.
 *
 * @param canonical gives the spellings of a path that lead to one route the same form.
 */
export function exclusion(
  exclude: NonNullable<AccessLogOptions['exclude']>,
  canonical: (path: string) => string,
): (record: AccessLogRecord) => boolean {
  if (typeof exclude === 'function') return exclude;
  const names = new Set<string>();
  const patterns: RegExp[] = [];
  for (const one of exclude) {
    if (typeof one === 'string') names.add(one);
    else patterns.push(one);
  }
  // `search` ignores where an earlier search with the flag `g` has ended.
  const isMatched = (name: string): boolean =>
    patterns.some((pattern) => name.search(pattern) !== -1);
  // Made with the first request: what the router is set to is not known before.
  let paths: ReadonlySet<string> | undefined;
  return ({ path, route, pattern, mcp_method: mcp, job }) => {
    if (path === undefined) {
      const name = pattern ?? mcp ?? job ?? '';
      return names.has(name) || isMatched(name);
    }
    paths ??= new Set([...names].map(canonical));
    // The path of a request that was rewritten is not the one that was routed.
    return (
      paths.has(canonical(path)) ||
      (route !== undefined && paths.has(canonical(route))) ||
      isMatched(path)
    );
  };
}
