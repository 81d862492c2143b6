const HOST = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/** A URL or a path without what may hold secrets: credentials, query and fragment. */
export function urlWithoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

/** The host of a URL, with its port; `undefined` where it has none. */
export function hostOf(url: string): string | undefined {
  return HOST.exec(urlWithoutSecrets(url))?.[1];
}
