import { decodeEscapes } from './secret-values.js';

/** What has a meaning in a query, and white space. All else stays readable. */
const SPECIAL = /[&=%#+\s]/g;

/**
 * The parameters of an access log line as one text, as in `page=3&mail=[masked]`: for backends whose
 * field for the query is a text.
 */
export function queryText(query: unknown): string {
  const pairs: string[] = [];
  const record = Object(query) as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(record)) {
    const value = record[name];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) pairs.push(`${escaped(name)}=${escaped(textOf(one))}`);
  }
  return pairs.join('&');
}

/** The parameters in such a text. */
export function queryIn(text: string): Readonly<Record<string, unknown>> {
  // Without a prototype no name has a special meaning.
  const query = Object.create(null) as Record<string, unknown>;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const [name = '', ...value] = pair.split('=');
    const key = decodeEscapes(name);
    const one = decodeEscapes(value.join('='));
    const known = query[key];
    if (known === undefined) query[key] = one;
    else if (Array.isArray(known)) known.push(one);
    else query[key] = [known, one];
  }
  return query;
}

function escaped(text: string): string {
  return text.replace(SPECIAL, encodeURIComponent);
}

/** The application may replace a secret with anything. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
}
