/**
 * The anchor of a heading, as GitHub makes it: a link to a heading then leads to it both in the
 * repository and on the site.
 *
 * @example
 * headingSlug('Levels, and `traceId.format`'); // 'levels-and-traceidformat'
 */
export function headingSlug(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replace(/ /g, '-');
}
