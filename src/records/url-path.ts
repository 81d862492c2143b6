const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i;

/**
 * The path of a URL or of a request target, without query and fragment, which may hold secrets, and
 * without scheme, credentials and host. A target that is no URL, such as `*`, is returned as it is.
 */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  const target = end === -1 ? url : url.slice(0, end);
  // Nearly every target of a server, and `//host/path` is a path there too (RFC 9112, section 3.2).
  if (target.startsWith('/')) return target;
  return target.replace(ORIGIN, '') || (target && '/');
}
