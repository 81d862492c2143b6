import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { sqlCall, type SqlSystem } from '../../../src/instrumentation/clients/sql-call.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';

const SETTINGS = (['summary', 'text', false] as const).map((statement) => {
  const { policy } = resolveOptions({ spans: { clients: { statement } } });
  return openTrace({}, policy, { kind: 'run', transport: 'test', startedAt: 0 });
});

/** Letters only, so that it could be a word of the statement. */
const CANARY = 'canary';
/** What a name in quotes may hold: it is no word, or looks generated. */
const NAMES = [
  'canary@host',
  'can4ry',
  'the canary',
  "canary's",
  'canary\\',
  'canary;--',
  'x'.repeat(70),
];

/** What a text may hold beside the canary, to make a reader lose its place. */
const noise = fc.constantFrom(
  '',
  ' ',
  '"',
  '`',
  '--',
  '/*',
  '*/',
  '$$',
  '$t$',
  '#',
  ';',
  '\n',
  ')',
  '(',
  ',',
  '?',
  ':',
  '[',
  ']',
  '::',
  'FROM ',
  'é',
  '\u2028',
  '\0',
  '%',
  "''",
);
const noisy = fc
  .tuple(fc.array(noise, { maxLength: 4 }), fc.array(noise, { maxLength: 4 }))
  .map(([before, after]) => `${before.join('')}${CANARY}${after.join('')}`);

interface Dialect {
  readonly literals: readonly ((content: string) => string)[];
  readonly comments: readonly ((content: string) => string)[];
  readonly names: readonly ((content: string) => string)[];
  readonly openers: readonly string[];
}

const double = (text: string, quote: string): string => text.replaceAll(quote, quote + quote);
const single = (prefix: string) => (text: string) =>
  `${prefix}'${double(text.replaceAll("''", ''), "'")}'`;
const escaped = (prefix: string, quote: string) => (text: string) =>
  `${prefix}${quote}\\${quote}${text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)}\\\\${quote}`;
const line = (start: string) => (text: string) => `${start}${text.replaceAll('\n', '')}\n`;
const block = (start: string) => (text: string) =>
  `${start}${text.replaceAll('*', '').replaceAll('/', '')}*/`;
const doubleNames = (text: string): string => `"${double(text, '"')}"`;
const brackets = (text: string): string => `[${text.replaceAll(']', '')}]`;
const backticks = (text: string): string => `\`${double(text, '`')}\``;

const MYSQL: Dialect = {
  literals: [
    single(''),
    escaped('', "'"),
    escaped('', '"'),
    single('N'),
    single('_utf8mb4'),
    (text) => `"${double(text, '"')}"`,
  ],
  comments: [line('# '), line('-- '), block('/* '), block('/*! '), block('/*+ ')],
  names: [backticks],
  openers: ["'", '"', '`', '/*', "x'"],
};
const DIALECTS: Record<SqlSystem, Dialect> = {
  postgresql: {
    literals: [
      single(''),
      single('U&'),
      single('N'),
      single('B'),
      escaped('E', "'"),
      escaped('e', "'"),
      (text) => `$tag$${text}$tag$`,
      (text) => `$$${text.replaceAll('$', '')}$$`,
    ],
    comments: [line('--'), block('/*'), (text) => `/* a /* b */ ${block('')(text)}`],
    names: [doubleNames, (text) => `U&${doubleNames(text)}`],
    openers: ["'", "E'", '"', '$$', '$x$', '/*', '/* /* */'],
  },
  mysql: MYSQL,
  mariadb: MYSQL,
  sqlite: {
    literals: [single(''), single('x'), (text) => `"${double(text, '"')}"`],
    comments: [line('--'), block('/*')],
    names: [doubleNames, backticks, brackets],
    openers: ["'", '"', '`', '[', '/*'],
  },
  'microsoft.sql_server': {
    literals: [single(''), single('N'), (text) => `"${double(text, '"')}"`],
    comments: [line('--'), block('/*'), (text) => `/* a /* b */ ${block('')(text)}`],
    names: [doubleNames, brackets],
    openers: ["'", "N'", '"', '[', '/*', '/* /* */'],
  },
};

/** Statements; `V` is a value, `N` a name, `C` a comment. */
const TEMPLATES = [
  'SELECT a, V, N.b C FROM N C WHERE c = V AND d->>V = V OR e IN (V, V, 1) LIMIT 5',
  'SELECT V FROM orders WHERE x LIKE V ESCAPE V C',
  'INSERT INTO N (a, N) VALUES (V, C V), (V, V)',
  'C INSERT INTO orders SELECT V, N FROM (SELECT * FROM N) x JOIN N ON V = V',
  'UPDATE N SET a = V, N = V C WHERE b BETWEEN V AND V RETURNING N',
  'DELETE FROM N C USING N WHERE a = V',
  'WITH x AS (SELECT V FROM N), N AS (SELECT V) SELECT * FROM x, N WHERE a = V',
  'CALL N(V, V)',
  'EXEC N @a = V',
  'EXEC (V)',
  'MERGE INTO N USING N ON a = V WHEN MATCHED THEN UPDATE SET b = V',
  'BEGIN; SELECT V FROM N; C COMMIT',
  'CREATE TABLE N (a text DEFAULT V, N int)',
  'CREATE USER N PASSWORD V',
  'SET N = V',
  'COPY N FROM V',
  'EXPLAIN C SELECT V FROM N',
  'V SELECT N',
  'N V',
  'SELECT * FROM a WHERE TRIM(BOTH V FROM V) = V GROUP BY V, N HAVING V',
  'INSERT INTO N SET a = V C ON DUPLICATE KEY UPDATE b = V',
  'SELECT V; V; N; SELECT V',
  'VALUES (V), (V, N)',
  'DO V',
  'PRAGMA N = V',
  'SELECT a::int, V::text, N::N, f(V, V) FROM N AS N',
  'SELECT CASE WHEN V THEN V ELSE V END FROM a, N',
  'INSERT INTO a V',
];
/** Where a text in double quotes may be a name, it is one in the place of a table, and `[` begins one. */
const MORE_TEMPLATES = [
  ...TEMPLATES,
  'SELECT * FROM V',
  'SELECT * FROM a, V JOIN V ON V = V',
  'UPDATE V SET V = V',
  'SELECT ARRAY[V, V], a[V] FROM N',
];

describe('no setting shows a literal, a comment or a text in quotes', () => {
  it.each(Object.entries(DIALECTS))('%s', (system, dialect) => {
    const value = fc
      .tuple(fc.constantFrom(...dialect.literals), noisy)
      .map(([quote, text]) => quote(text));
    const comment = fc
      .tuple(fc.constantFrom(...dialect.comments), noisy)
      .map(([wrap, text]) => wrap(text));
    const name = fc
      .tuple(fc.constantFrom(...dialect.names), fc.constantFrom(...NAMES))
      .map(([quote, text]) => quote(text));
    const end = fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom(...dialect.openers), noisy).map(
        ([open, text]) =>
          // Something that does not end.
          ` ${open}${text.replaceAll(/['"`$\]*]/g, '')}`,
      ),
    );
    const parts = fc.record({
      template: fc.constantFrom(...(dialect.names.includes(brackets) ? TEMPLATES : MORE_TEMPLATES)),
      values: fc.array(value, { minLength: 6, maxLength: 6 }),
      names: fc.array(name, { minLength: 4, maxLength: 4 }),
      comments: fc.array(comment, { minLength: 2, maxLength: 2 }),
      end,
      lowered: fc.boolean(),
    });
    fc.assert(
      fc.property(parts, ({ template, values, names, comments, end: rest, lowered }) => {
        let v = 0;
        const take = (list: string[]): string => list[v++ % list.length]!;
        const cased = lowered
          ? template.replaceAll(/[A-Z]{2,}/g, (word) => word.toLowerCase())
          : template;
        const statement =
          cased
            .replaceAll(/\bV\b/g, '\0v')
            .replaceAll(/\bN\b/g, '\0n')
            .replaceAll(/\bC\b/g, '\0c')
            .replaceAll(/\0[vnc]/g, (what) =>
              take(what === '\0v' ? values : what === '\0n' ? names : comments),
            ) + rest;
        for (const origin of SETTINGS) {
          const shown = JSON.stringify(
            sqlCall(origin, system as SqlSystem, statement),
          ).toLowerCase();
          expect({ statement, shows: /canary|can4ry|xxxxx/.test(shown) }).toEqual({
            statement,
            shows: false,
          });
        }
      }),
      { numRuns: 4_000 },
    );
  });

  it('whatever the text is', () => {
    const anything = fc.string({ unit: 'grapheme', maxLength: 80 });
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(DIALECTS) as SqlSystem[])),
        anything,
        (system, text) => {
          for (const origin of SETTINGS) {
            const { name, attributes } = sqlCall(origin, system, text);
            expect(name.length).toBeGreaterThan(0);
            expect(attributes['db.system.name']).toBe(system);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each<[SqlSystem, string]>([
    ['postgresql', 'SET app.tenant = canary'],
    ['postgresql', 'SET search_path TO tenant_canary, public'],
    ['postgresql', 'BEGIN; SET LOCAL app.tenant TO canary; COMMIT'],
    ['postgresql', 'SET app.tenant = "canary"'],
    ['sqlite', 'PRAGMA key = canary'],
    ['sqlite', 'PRAGMA key(canary)'],
    ['mysql', "SET sql_mode = canary, x = 'canary'"],
    ['postgresql', "SELECT q'[it's canary]' FROM dual"],
    ['mysql', "SELECT nQ'{it's canary}' FROM dual"],
    ['postgresql', "NOTIFY channel, 'canary'"],
    ['postgresql', "ALTER ROLE bob PASSWORD 'canary'"],
    ['postgresql', "CREATE SUBSCRIPTION s CONNECTION 'password=canary' PUBLICATION p"],
    ['mysql', "CREATE USER 'canary'@'canary' IDENTIFIED BY 'canary'"],
    ['mysql', 'CHANGE MASTER TO MASTER_PASSWORD="canary"'],
    ['mysql', "LOAD DATA INFILE '/canary' INTO TABLE t"],
    ['microsoft.sql_server', "CREATE LOGIN bob WITH PASSWORD = 'canary'"],
    ['microsoft.sql_server', "EXEC sp_executesql N'SELECT ''canary''', N'@p int'"],
    ['postgresql', "SELECT a #>> '{canary}' FROM t WHERE b ?| array['canary']"],
    ['postgresql', 'SELECT ‘canary’, “canary”, ´canary´ FROM t'],
    ['postgresql', "DO LANGUAGE plpgsql $x$ 'canary' $x$"],
  ])('in %s: %s', (system, statement) => {
    for (const origin of SETTINGS) {
      expect(JSON.stringify(sqlCall(origin, system, statement))).not.toContain('canary');
    }
  });

  it.each<[string, string, string]>([
    ['names', 'SET app.tenant = acme', 'SET app.tenant = ?'],
    ['defaults', 'SET search_path TO DEFAULT', 'SET search_path TO DEFAULT'],
    ['the next statement', 'SET a = b; SELECT c FROM d', 'SET a = ?; SELECT c FROM d'],
    ['an update', 'UPDATE a SET b = c', 'UPDATE a SET b = c'],
  ])('keeps %s beside values without quotes', (_, statement, text) => {
    const { attributes } = sqlCall(SETTINGS[1]!, 'postgresql', statement);
    expect(attributes['db.query.text']).toBe(text);
  });

  it.each([
    ['one text', `SELECT '${'canary'.repeat(1_700_000)}`],
    ['parentheses', '('.repeat(10_000_000)],
    ['comments that begin', '/*'.repeat(5_000_000)],
    ['dollar signs', '$a$b'.repeat(2_500_000)],
    ['operations', 'DELETE '.repeat(1_500_000)],
    ['rows', `INSERT INTO t VALUES ${"(1, 'canary'), ".repeat(700_000)}(1, 2)`],
  ])('reads no more than the beginning of 10 MB: %s', (_, statement) => {
    // Flat, as one that an application has sent.
    const text = Buffer.from(statement).toString();
    const started = process.cpuUsage();
    for (let i = 0; i < 20; i++) {
      for (const origin of SETTINGS) {
        expect(sqlCall(origin, 'mysql', text).name.length).toBeLessThan(64);
      }
    }
    expect(process.cpuUsage(started).user / 1_000 / 60).toBeLessThan(100);
  });
});
