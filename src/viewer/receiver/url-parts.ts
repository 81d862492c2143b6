const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/** A URL or a path without what may hold secrets: credentials, query and fragment. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

/** The path of a URL, or of a request line, without its query. */
export function pathOf(url: string): string {
  const path = withoutSecrets(url).replace(AUTHORITY, '');
  return path === '' ? '/' : path;
}

/** The host of a URL, with its port; `undefined` where it has none. */
export function applicationOf(url: string): string | undefined {
  return AUTHORITY.exec(withoutSecrets(url))?.[1];
}
