import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import Database from 'libsql';

/** How long a query waits for a lock before it fails. */
const LOCK_TIMEOUT_MS = 120;

/** The PostgreSQL of `DATABASE_URL`, or a SQLite file that lives as long as the process. */
export function databaseOptions(): TypeOrmModuleOptions {
  const url = process.env.DATABASE_URL;
  const shared = { autoLoadEntities: true };
  if (url !== undefined) {
    return { ...shared, type: 'postgres', url, extra: { lock_timeout: LOCK_TIMEOUT_MS } };
  }
  // `better-sqlite3` needs a compiler where it has no binary; `libsql` has the same interface.
  return {
    ...shared,
    type: 'better-sqlite3',
    driver: Database,
    database: temporaryFile('gateway.db'),
    timeout: LOCK_TIMEOUT_MS,
  };
}

function temporaryFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-sample-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}
