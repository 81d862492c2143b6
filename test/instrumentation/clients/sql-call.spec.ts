import { describe, expect, it } from '@jest/globals';
import { sqlCall, type SqlSystem } from '../../../src/instrumentation/clients/sql-call.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import type { ClientCallStart } from '../../../src/spans/client-call.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { ClientSpansPolicy } from '../../../src/trace/trace-policy.js';
import type { Trace } from '../../../src/trace/trace.js';

type Statement = ClientSpansPolicy['statement'];

function originWith(statement: Statement): Trace {
  const { policy } = resolveOptions({ spans: { clients: { statement } } });
  return openTrace({}, policy, { kind: 'run', transport: 'test', startedAt: 0 });
}

const ORIGINS = {
  summary: originWith('summary'),
  text: originWith('text'),
  operation: originWith(false),
};

const textOf = (system: SqlSystem, statement: string): unknown =>
  sqlCall(ORIGINS.text, system, statement).attributes['db.query.text'];

describe('the name of a statement', () => {
  it.each<[SqlSystem, string, string]>([
    ['postgresql', 'SELECT * FROM orders', 'SELECT orders'],
    ['postgresql', '  select 1', 'SELECT'],
    ['postgresql', 'SELECT * FROM orders o JOIN users u USING (id)', 'SELECT orders users'],
    ['postgresql', 'SELECT * FROM public.orders AS o, "users" u', 'SELECT orders users'],
    [
      'postgresql',
      'SELECT * FROM (a JOIN b ON true), LATERAL (SELECT * FROM c) x, d',
      'SELECT a b c d',
    ],
    ['postgresql', '(SELECT 1 FROM a) UNION ALL (SELECT 2 FROM b) ORDER BY x, y', 'SELECT a b'],
    ['postgresql', 'SELECT extract(year FROM at), a IS DISTINCT FROM b FROM t', 'SELECT t'],
    ['postgresql', 'SELECT * FROM generate_series(1, 9) g, t FOR UPDATE OF t', 'SELECT t'],
    ['postgresql', 'SELECT "from", t.select FROM ONLY t', 'SELECT t'],
    ['postgresql', 'INSERT INTO a (x) SELECT y FROM b', 'INSERT a SELECT b'],
    ['postgresql', 'INSERT INTO a(x) VALUES (1) ON CONFLICT DO UPDATE SET x = 2', 'INSERT a'],
    [
      'postgresql',
      'UPDATE a SET x = 1 FROM b WHERE a.id IN (SELECT id FROM c)',
      'UPDATE a b SELECT c',
    ],
    ['postgresql', 'DELETE FROM a USING b WHERE a.id = b.id', 'DELETE a b'],
    ['postgresql', 'WITH r AS (SELECT * FROM orders) SELECT * FROM r', 'SELECT orders'],
    [
      'postgresql',
      'WITH RECURSIVE t(n) AS (VALUES (1) UNION SELECT n FROM t), u AS (SELECT * FROM a) UPDATE b SET x = 1 FROM u, t',
      'UPDATE b SELECT a',
    ],
    [
      'postgresql',
      'INSERT INTO b WITH d AS (SELECT * FROM a) SELECT * FROM d',
      'INSERT b SELECT a',
    ],
    [
      'postgresql',
      'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET x = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)',
      'MERGE t s',
    ],
    ['postgresql', 'BEGIN', 'BEGIN'],
    ['postgresql', 'START TRANSACTION READ ONLY', 'START TRANSACTION'],
    ['postgresql', 'BEGIN; UPDATE a SET x = 1; COMMIT;', 'BEGIN UPDATE a COMMIT'],
    ['postgresql', 'SELECT 1 FROM a; SELECT 2 FROM a', 'SELECT a'],
    ['postgresql', 'CALL shop.close_day($1)', 'CALL close_day'],
    ['postgresql', 'CREATE TABLE IF NOT EXISTS a (x int REFERENCES b)', 'CREATE TABLE a'],
    ['postgresql', 'CREATE UNIQUE INDEX CONCURRENTLY i ON a (x)', 'CREATE INDEX a'],
    ['postgresql', 'DROP TABLE IF EXISTS a, b CASCADE', 'DROP TABLE a b'],
    ['postgresql', "CREATE USER bob PASSWORD 'x'", 'CREATE USER'],
    ['postgresql', 'GRANT SELECT ON a TO bob', 'GRANT'],
    ['postgresql', 'EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM a', 'EXPLAIN SELECT a'],
    ['postgresql', 'EXECUTE prepared_1 (1)', 'EXECUTE'],
    ['postgresql', 'COPY a (x, y) FROM STDIN', 'COPY a'],
    ['mysql', 'SELECT * FROM `shop`.`orders` # FROM x', 'SELECT orders'],
    ['mysql', 'SELECT 1--1 FROM t', 'SELECT t'],
    ['mysql', 'INSERT IGNORE orders SET x = "FROM y"', 'INSERT orders'],
    ['mysql', 'DELETE o FROM orders o JOIN users u ON u.id = o.id', 'DELETE orders users'],
    ['mariadb', 'REPLACE INTO orders VALUES (1)', 'REPLACE orders'],
    ['mysql', 'UPDATE LOW_PRIORITY a, b SET a.x = 1', 'UPDATE a b'],
    ['mysql', '{ CALL close_day(?) }', 'CALL close_day'],
    ['sqlite', 'INSERT OR REPLACE INTO [orders] VALUES (1)', 'INSERT orders'],
    ['sqlite', 'PRAGMA table_info("orders")', 'PRAGMA'],
    [
      'microsoft.sql_server',
      'SELECT TOP (5) * FROM [shop]..[orders] WITH (NOLOCK)',
      'SELECT orders',
    ],
    ['microsoft.sql_server', "EXEC @r = dbo.close_day @day = N'x'", 'EXEC close_day'],
    ['microsoft.sql_server', 'SET NOCOUNT ON SELECT * FROM orders', 'SET SELECT orders'],
    ['microsoft.sql_server', 'DELETE TOP (5) FROM orders', 'DELETE orders'],
    ['microsoft.sql_server', 'INSERT orders (x) OUTPUT INSERTED.id VALUES (@p0)', 'INSERT orders'],
  ])('is its operations and tables: %s %s', (system, statement, name) => {
    const { name: given, attributes } = sqlCall(ORIGINS.summary, system, statement);
    expect(given).toBe(name);
    expect(attributes['db.query.summary']).toBe(name);
    expect(attributes['db.query.text']).toBeUndefined();
  });

  it.each([
    ['tmp_8f3a9c', 'tmp_?'],
    ['events_2026_11_27', 'events_?'],
    ['users2', 'users?'],
    ['_deadbeef', '_?'],
    ['"a@b.c"', '?'],
    ['"two words"', '?'],
    ['"a""b"', '?'],
    ['"Bestellungen_für"', 'Bestellungen_für'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), '?'],
  ])('shows no part of a table that is generated or a value: %s', (table, shown) => {
    const { name, attributes } = sqlCall(ORIGINS.summary, 'postgresql', `SELECT * FROM ${table}`);
    expect(name).toBe(`SELECT ${shown}`);
    expect(attributes['db.collection.name']).toBe(shown === '?' ? undefined : shown);
  });

  it('has at most 255 characters and ends with a whole word', () => {
    const tables = Array.from({ length: 16 }, (_, i) => 'ghijklmnop'.charAt(i % 10).repeat(30 + i));
    const { name } = sqlCall(ORIGINS.summary, 'mysql', `SELECT * FROM ${tables.join(', ')}`);
    expect(name.length).toBeLessThanOrEqual(255);
    expect(`SELECT ${tables.join(' ')}`.startsWith(`${name} `)).toBe(true);
  });

  it.each([
    undefined,
    null,
    5,
    {},
    '',
    ' \n',
    '-- only a comment',
    Symbol('x'),
    ['SELECT'],
    () => '',
  ])('is that of the system where there is no statement: %p', (statement) => {
    const { name } = sqlCall(ORIGINS.text, 'sqlite', statement);
    expect(name).toBe('sqlite');
  });

  it('shows nothing of a statement that begins with an unknown word', () => {
    const given = sqlCall(ORIGINS.text, 'mysql', 'secret words FROM a');
    expect(given).toEqual({
      name: 'mysql',
      attributes: { 'db.system.name': 'mysql', 'db.operation.name': '_OTHER' },
    });
  });
});

describe('the attributes', () => {
  const connection = { 'server.address': 'db', 'server.port': 5432 };
  const join = 'SELECT * FROM a, b WHERE x = 1';

  it('name the only table, and the server', () => {
    expect(sqlCall(ORIGINS.summary, 'postgresql', 'INSERT INTO a VALUES (1)', connection)).toEqual({
      name: 'INSERT a',
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': 'INSERT',
        'db.collection.name': 'a',
        'db.query.summary': 'INSERT a',
        ...connection,
      },
    });
    expect(sqlCall(ORIGINS.summary, 'mysql', join).attributes).not.toHaveProperty([
      'db.collection.name',
    ]);
    expect(sqlCall(ORIGINS.summary, 'mysql', 'CALL p()').attributes).toEqual({
      'db.system.name': 'mysql',
      'db.operation.name': 'CALL',
      'db.stored_procedure.name': 'p',
      'db.query.summary': 'CALL p',
    });
  });

  it('name one operation, where all statements have the same', () => {
    const operationOf = (statement: string): unknown =>
      sqlCall(ORIGINS.summary, 'mysql', statement).attributes['db.operation.name'];
    expect(operationOf('SELECT 1; SELECT 2')).toBe('SELECT');
    expect(operationOf('BEGIN; SELECT 2')).toBeUndefined();
    expect(operationOf('WITH a AS (SELECT 1) DELETE FROM b')).toBe('DELETE');
  });

  it('are the operation alone with `statement: false`', () => {
    expect(sqlCall(ORIGINS.operation, 'postgresql', join, connection)).toEqual({
      name: 'SELECT',
      attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT', ...connection },
    });
  });

  it('are the same object for each call over one connection, and never those of another', () => {
    const other = { 'server.address': 'other' };
    const call = (to?: typeof other): ClientCallStart =>
      sqlCall(ORIGINS.summary, 'mariadb', 'SELECT * FROM repeated', to);
    call(other);
    call(other);
    const first = call(other);
    expect(call(other)).toBe(first);
    expect(call().attributes).not.toHaveProperty(['server.address']);
    expect(call({ 'server.address': 'third' }).attributes['server.address']).toBe('third');
    expect(call(other)).toEqual(first);
  });
});

describe('the text of a statement', () => {
  it.each<[SqlSystem, string, string]>([
    ['postgresql', "SELECT 'a''b',\n\t1.5e-3, TRUE", 'SELECT ?, ?, ?'],
    [
      'postgresql',
      "SELECT E'a\\'b', U&'d\\0061', B'1', X'ff', $$x'$$, $t$ $$ $t$",
      'SELECT ?, ?, ?, ?, ?, ?',
    ],
    [
      'postgresql',
      "SELECT a->>'x', b @> '{}'::jsonb, '1'::int",
      'SELECT a->>?, b @> ?::jsonb, ?::int',
    ],
    ['postgresql', 'SELECT a /* x /* y */ z */ FROM b -- c', 'SELECT a FROM b'],
    ['postgresql', 'SELECT $1, :name, a[1], ARRAY[1, 2]', 'SELECT $1, :name, a[?], ARRAY[?]'],
    [
      'postgresql',
      "SELECT a FROM b WHERE c LIKE '!' ESCAPE '\\' AND d = 1",
      'SELECT a FROM b WHERE c LIKE ? ESCAPE ? AND d = ?',
    ],
    ['postgresql', 'SELECT a FROM b WHERE c IN (1, -2, NULL)', 'SELECT a FROM b WHERE c IN (?)'],
    ['postgresql', 'SELECT a FROM b WHERE c IN ($1,$2, $3)', 'SELECT a FROM b WHERE c IN (?)'],
    [
      'postgresql',
      'SELECT a FROM b WHERE (c, d) IN ((1, 2), (3, 4))',
      'SELECT a FROM b WHERE (c, d) IN (?)',
    ],
    [
      'postgresql',
      'SELECT a FROM b WHERE c IN (SELECT d FROM e)',
      'SELECT a FROM b WHERE c IN (SELECT d FROM e)',
    ],
    [
      'postgresql',
      'SELECT a FROM b WHERE c IS NULL AND d = NULL',
      'SELECT a FROM b WHERE c IS NULL AND d = ?',
    ],
    [
      'postgresql',
      'INSERT INTO a VALUES (1, now()), (2, now()) RETURNING id',
      'INSERT INTO a VALUES (?, now()) RETURNING id',
    ],
    ['postgresql', 'UPDATE "a" SET "b c" = 1', 'UPDATE "a" SET ? = ?'],
    ['postgresql', "SELECT a FROM b WHERE c = 'x", 'SELECT a FROM b WHERE c = ? …'],
    ['postgresql', 'SELECT a FROM b /* c', 'SELECT a FROM b ? …'],
    ['mysql', "SELECT \"a\"\"b\", 'c\\'d', 0x1f, _utf8'e' # f", 'SELECT ?, ?, ?, _utf??'],
    ['mysql', '/*! SELECT */ SELECT /*+ x */ `a` FROM b', 'SELECT `a` FROM b'],
    [
      'sqlite',
      'SELECT a FROM "b" WHERE "c" = "d" AND "b"."e" = x\'00\'',
      'SELECT a FROM "b" WHERE ? = ? AND "b"."e" = ?',
    ],
    [
      'microsoft.sql_server',
      "SELECT [a] FROM b WHERE c = N'd' AND e = @p1 AND f > $1.5",
      'SELECT [a] FROM b WHERE c = ? AND e = @p? AND f > ?',
    ],
  ])('has no literal: %s %s', (system, statement, text) => {
    expect(textOf(system, statement)).toBe(text);
  });

  it('ends where two settings of a server would end a text at different places', () => {
    expect(textOf('postgresql', "SELECT 'a\\' secret ', b FROM c")).toBe('SELECT ? …');
    expect(textOf('mysql', "SELECT 'a\\', secret, 'b'")).toBe('SELECT ? …');
  });

  it('is cut, and only the beginning of a long statement is read', () => {
    const values = Array.from({ length: 100_000 }, (_, i) => `('secret', ${i})`).join(', ');
    const start = process.cpuUsage();
    const given = sqlCall(ORIGINS.text, 'postgresql', `INSERT INTO a VALUES ${values}`);
    expect(given.name).toBe('INSERT a');
    expect(given.attributes['db.query.text']).toBe('INSERT INTO a VALUES (?, ?) …');
    expect(process.cpuUsage(start).user).toBeLessThan(100_000);
    const columns = Array.from({ length: 2_000 }, () => 'column').join(', ');
    const wide = sqlCall(ORIGINS.text, 'postgresql', `SELECT ${columns} FROM late`);
    expect(wide.name).toBe('SELECT late');
    expect(String(wide.attributes['db.query.text']).length).toBeLessThan(2_100);
  });
});
