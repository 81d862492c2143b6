const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i;

/**
 * The path of a URL or request target, without scheme, credentials, host, query and fragment.
 * Query and fragment are removed because they may contain secrets. A target that is not a URL, such
 * as `*`, is returned unchanged.
 */
export function pathOf(url: string): string {
  const target = before('?', before('#', url));
  // True of nearly all request targets. `//host/path` is a path too (RFC 9112, section 3.2).
  if (target.startsWith('/')) return target;
  return target.replace(ORIGIN, '') || (target && '/');
}

function before(mark: string, text: string): string {
  const at = text.indexOf(mark);
  return at === -1 ? text : text.slice(0, at);
}
