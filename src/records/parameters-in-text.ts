/** MariaDB's connector: `…\nsql: SELECT … - parameters:[4711]`. */
const CONNECTOR = '\nsql: ';
const CONNECTOR_VALUES = ' - parameters:[';
/** Drizzle: `Failed query: select …\nparams: 4711,alice`. */
const PARAMS = '\nparams: ';
/** Knex and ORMs on it: `insert into "users" ("mail") values ('alice@…') - UNIQUE constraint failed`. */
const SEPARATOR = ' - ';
const STATEMENT =
  /^\s*(?:select|insert\s+(?:ignore\s+)?into|update\s[^]*?\sset|delete\s+from|replace\s+into|merge\s+into|with\s[^]*?\sas|call)\s/i;

/**
 * The message of an error without what libraries of databases add to it: the parameters
 * of the query, or a query in which they are inlined. What the server has said is kept.
 *
 * @param hasCode whether the error has a code, as those of drivers have. Without one, a text that
 *   begins like a query is the application's own.
 */
export function withoutParameters(text: string, hasCode: boolean): string {
  // Places are looked for, not patterns: a message may be long, and each of these is read once.
  let shown = text;
  const sql = shown.indexOf(CONNECTOR);
  if (sql !== -1 && shown.includes(CONNECTOR_VALUES, sql)) shown = shown.slice(0, sql).trimEnd();
  const params = shown.indexOf(PARAMS);
  if (params !== -1) shown = shown.slice(0, params);
  const end = hasCode ? shown.lastIndexOf(SEPARATOR) : -1;
  if (end !== -1 && STATEMENT.test(shown.slice(0, end)))
    shown = shown.slice(end + SEPARATOR.length);
  return shown;
}
