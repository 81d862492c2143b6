/** MariaDB's connector: `…\nsql: SELECT … - parameters:[4711]`. */
const CONNECTOR = /\s*\nsql: [^]* - parameters:\[[^]*$/;
/** Drizzle: `Failed query: select …\nparams: 4711,alice`. */
const PARAMS = /\nparams: [^]*$/;
/** Knex and ORMs on it: `insert into "users" ("mail") values ('alice@…') - UNIQUE constraint failed`. */
const STATEMENT =
  /^\s*(?:select\s[^]*?|insert\s+(?:ignore\s+)?into|update\s[^]*?\sset|delete\s+from|replace\s+into|merge\s+into|with\s[^]*?\sas|call)\s[^]* - /i;

/**
 * The message of an error without what libraries of databases add to it: the parameters
 * of the query, or a query in which they are inlined. What the server has said is kept.
 *
 * @param hasCode whether the error has a code, as those of drivers have. Without one, a text that
 *   begins like a query is the application's own.
 */
export function withoutParameters(text: string, hasCode: boolean): string {
  let shown = text;
  if (shown.includes('parameters:[')) shown = shown.replace(CONNECTOR, '');
  if (shown.includes('\nparams:')) shown = shown.replace(PARAMS, '');
  if (hasCode && shown.includes(' - ')) shown = shown.replace(STATEMENT, '');
  return shown;
}
