/** A database that speaks SQL, as `db.system.name` names it. */
export type SqlSystem = 'postgresql' | 'mysql' | 'mariadb' | 'sqlite' | 'microsoft.sql_server';

/** How a database reads the text of a statement, as far as databases differ in it. */
export interface SqlDialect {
  /** Whether a backslash in `'…'` escapes what follows. */
  readonly hasBackslashes: boolean;
  /**
   * What `"…"` is. `either`: the server takes it as a name where there is one, or by a setting of
   * the connection, and else as a text.
   */
  readonly doubleQuoted: 'name' | 'literal' | 'either';
  /** Whether `[…]` is a name. */
  readonly hasBrackets: boolean;
  /** Whether `$tag$…$tag$` is a text. */
  readonly hasDollarQuotes: boolean;
  /** Whether a comment may contain a comment. */
  readonly nestsComments: boolean;
  /** Whether `#` begins a comment, and `--` only before a space. */
  readonly isMySql: boolean;
  /** Whether names may contain `#` and `@`, and `EXEC` calls a procedure. */
  readonly isTransactSql: boolean;
}

const STANDARD: SqlDialect = {
  hasBackslashes: false,
  doubleQuoted: 'name',
  hasBrackets: false,
  hasDollarQuotes: false,
  nestsComments: false,
  isMySql: false,
  isTransactSql: false,
};
const MYSQL: SqlDialect = {
  ...STANDARD,
  hasBackslashes: true,
  doubleQuoted: 'literal',
  isMySql: true,
};

/**
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 * @see https://dev.mysql.com/doc/refman/8.4/en/language-structure.html
 * @see https://www.sqlite.org/quirks.html#double_quoted_string_literals_are_accepted
 * @see https://learn.microsoft.com/en-us/sql/t-sql/statements/set-quoted-identifier-transact-sql
 */
export const DIALECTS: Readonly<Record<SqlSystem, SqlDialect>> = {
  postgresql: { ...STANDARD, hasDollarQuotes: true, nestsComments: true },
  mysql: MYSQL,
  mariadb: MYSQL,
  sqlite: { ...STANDARD, doubleQuoted: 'either', hasBrackets: true },
  'microsoft.sql_server': {
    ...STANDARD,
    doubleQuoted: 'either',
    hasBrackets: true,
    nestsComments: true,
    isTransactSql: true,
  },
};
