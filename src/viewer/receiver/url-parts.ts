import { urlWithoutSecrets } from '../shown-text.js';

const HOST = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/** The host of a URL, with its port; `undefined` where it has none. */
export function hostOf(url: string): string | undefined {
  return HOST.exec(urlWithoutSecrets(url))?.[1];
}
