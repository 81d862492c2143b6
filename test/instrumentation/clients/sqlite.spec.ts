import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Param } from '@nestjs/common';
import Database from 'libsql';
import { versions } from 'node:process';
import { DataSource } from 'typeorm';
import { recordSpans } from '../../support/recorded-spans.js';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';

/** What `libsql`, better-sqlite3 and `node:sqlite` have in common. */
interface Sqlite {
  exec(text: string): unknown;
  prepare(text: string): SqliteStatement;
}
interface SqliteStatement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  iterate(...values: unknown[]): Iterable<unknown>;
}

const spans = recordSpans();
const cases = new Map<string, () => unknown>();

@Controller()
class Cases {
  @Get(':name')
  async run(@Param('name') name: string): Promise<unknown> {
    return { result: await cases.get(name)!() };
  }
}

interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => Sqlite & { createTagStore?(): TagStore };
}
interface TagStore {
  all(strings: TemplateStringsArray, ...values: unknown[]): unknown[];
}

const HAS_NODE_SQLITE = Number.parseInt(versions.node) >= 24;
const DRIVERS: readonly (readonly [name: string, open: () => Promise<Sqlite>])[] = [
  ['libsql', () => Promise.resolve(new Database(':memory:') as unknown as Sqlite)],
  ...(HAS_NODE_SQLITE
    ? ([
        [
          'node:sqlite',
          async () => {
            const name = 'node:sqlite';
            const { DatabaseSync } = (await import(name)) as NodeSqlite;
            return new DatabaseSync(':memory:');
          },
        ],
      ] as const)
    : []),
];

/** Runs it in a request; its spans are those that this file has recorded then. */
async function inRequest(platform: (typeof PLATFORMS)[number], run: () => unknown) {
  cases.set('case', run);
  const { send, sink } = await tracedApp(platform)
    .of({ controllers: [Cases] })
    .start();
  const response = await send('/case');
  const { result } = (await response.json()) as { result?: unknown };
  const [line] = await sink.finishes(1);
  for (const { traceId, span } of spans) {
    expect(traceId).toBe(line!.trace_id);
    expect(span.attributes?.['db.system.name']).toBe('sqlite');
  }
  expect(line!['db_count'] ?? 0).toBe(spans.length);
  return { result, errors: spans.map(({ span }) => (span.failed ? String(span.error) : null)) };
}

describe.each(PLATFORMS)('%s', (platform) => {
  describe.each(DRIVERS)('%s', (driver, open) => {
    it('makes a step of each statement, also of one that was made before', async () => {
      const db = await open();
      db.exec('CREATE TABLE t (a INTEGER)');
      const insert = db.prepare('INSERT INTO t VALUES (?)');
      const { result, errors } = await inRequest(platform, () => {
        insert.run(1);
        insert.run(2);
        db.exec('INSERT INTO t VALUES (3)');
        const { a } = db.prepare('SELECT a FROM t WHERE a = ?').get(2) as { a: number };
        return [a, db.prepare('SELECT a FROM t').all().length];
      });
      expect(result).toEqual([2, 3]);
      expect(errors).toEqual([null, null, null, null, null]);
      // Statements of `libsql` do not show their text: it is known of those that are made later.
      const early = driver === 'libsql' ? undefined : 'INSERT';
      expect(spans.map(({ span }) => span.attributes?.['db.operation.name'])).toEqual([
        early,
        early,
        'INSERT',
        'SELECT',
        'SELECT',
      ]);
    });

    it('ends the step of an iterator with its rows, or where the reader stops', async () => {
      const db = await open();
      db.exec('CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3)');
      const { result, errors } = await inRequest(platform, () => {
        const open: number[] = [];
        const rows = [...db.prepare('SELECT a FROM t').iterate()];
        open.push(spans.length);
        for (const row of db.prepare('SELECT a FROM t').iterate()) {
          open.push(Object(row).a === 1 ? spans.length : -1);
          break;
        }
        return [rows.length, ...open];
      });
      expect(result).toEqual([3, 1, 1]);
      expect(errors).toEqual([null, null]);
    });

    it('makes a failed step of a statement that fails, or that cannot be prepared', async () => {
      const db = await open();
      db.exec('CREATE TABLE t (a INTEGER UNIQUE); INSERT INTO t VALUES (1)');
      const { result, errors } = await inRequest(platform, () =>
        [
          () => db.prepare('INSERT INTO t VALUES (1)').run(),
          () => db.prepare('SELECT * FROM nowhere').all(),
          () => db.exec('CREATE TABLE t (a)'),
        ].map((run) => {
          try {
            run();
            return 'no error';
          } catch (error) {
            return (error as Error).message;
          }
        }),
      );
      expect(result).toEqual([
        expect.stringMatching(/UNIQUE/),
        expect.stringMatching(/no such table/),
        expect.stringMatching(/already exists/),
      ]);
      expect(errors).toEqual((result as string[]).map((text) => expect.stringContaining(text)));
    });

    it('records nothing outside of a request', async () => {
      const db = await open();
      await tracedApp(platform)
        .of({ controllers: [Cases] })
        .start();
      db.exec('CREATE TABLE t (a)');
      db.prepare('SELECT * FROM t').all();
      expect(spans).toEqual([]);
    });
  });

  it('shows the statements of TypeORM', async () => {
    const { result, errors } = await inRequest(platform, async () => {
      const source = new DataSource({
        type: 'better-sqlite3',
        driver: Database,
        database: ':memory:',
      });
      await source.initialize();
      const before = spans.length;
      const rows: unknown = await source.query('SELECT 1 AS a');
      await source.destroy();
      return [rows, spans.length - before];
    });
    expect(result).toEqual([[{ a: 1 }], 1]);
    expect(new Set(errors)).toEqual(new Set([null]));
  });
});

(HAS_NODE_SQLITE ? describe : describe.skip)('a tag store of node:sqlite', () => {
  it('makes a step of each statement, without its values', async () => {
    const name = 'node:sqlite';
    const { DatabaseSync } = (await import(name)) as NodeSqlite;
    const { errors } = await inRequest('express', () => {
      const store = new DatabaseSync(':memory:').createTagStore!();
      return store.all`SELECT ${'canary'} AS a`.length;
    });
    expect(errors).toEqual([null]);
    expect(
      JSON.stringify(spans.map(({ span: { name: step, attributes } }) => [step, attributes])),
    ).not.toContain('canary');
  });
});
