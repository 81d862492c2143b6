import { SearchPattern } from '../../viewer/search/search-pattern.js';

/** Whether a text has what is searched for. */
export type TextMatcher = (text: string) => boolean;

const DELIMITED = /^\/(.+)\/([imsu]{0,4})$/;

/**
 * What matches a text that contains `argument`, or for `/pattern/`, one that the pattern matches.
 *
 * @returns why it cannot be used, for a pattern that is wrong, or that may take very long on some text
 */
export function textMatcher(argument: string): TextMatcher | string {
  const [, source, flags] = DELIMITED.exec(argument) ?? [];
  if (source === undefined) return (text) => text.includes(argument);
  const pattern = SearchPattern.of(source, flags);
  return typeof pattern === 'string' ? pattern : (text) => pattern.test(text);
}
