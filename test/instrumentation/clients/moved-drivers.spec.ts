import { describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startMoved, type MovedInternal } from '../../support/moved-internal.js';

const APP = 'test/instrumentation/clients/moved-drivers-app.ts';
const TIMEOUT_MS = 30_000;

interface Case {
  readonly gone: string;
  readonly named: string;
  readonly moved: MovedInternal;
  /** How many of the three calls are steps all the same. */
  readonly calls: number;
}

const member = (module: string, path: string): MovedInternal => ({ removed: [{ module, path }] });
const BASE = 'default.Connection.prototype.__proto__';
const POOL = 'default.Pool.prototype.__proto__';

// The connector exports none of its classes.
const inside = (file: string): string =>
  pathToFileURL(resolve('node_modules/mariadb/lib', file)).href;

const CASES: readonly Case[] = [
  { gone: 'Connection.query', named: 'mysql2', moved: member('mysql2', `${BASE}.query`), calls: 2 },
  {
    gone: 'Connection.execute',
    named: 'mysql2',
    moved: member('mysql2', `${BASE}.execute`),
    calls: 3,
  },
  {
    gone: 'Connection.prepare',
    named: 'mysql2',
    moved: member('mysql2', `${BASE}.prepare`),
    calls: 3,
  },
  { gone: 'the class Pool', named: 'mysql2', moved: member('mysql2', 'default.Pool'), calls: 3 },
  {
    gone: 'Pool.getConnection',
    named: 'mysql2',
    moved: member('mysql2', `${POOL}.getConnection`),
    calls: 3,
  },
  { gone: 'Pool.query', named: 'mysql2', moved: member('mysql2', `${POOL}.query`), calls: 3 },
  {
    gone: 'the class PoolCluster',
    named: 'mysql2',
    moved: member('mysql2', 'default.PoolCluster'),
    calls: 3,
  },
  {
    gone: 'Connection.execSql',
    named: 'tedious',
    moved: member('tedious', 'Connection.prototype.execSql'),
    calls: 2,
  },
  {
    gone: 'Connection.callProcedure',
    named: 'tedious',
    moved: member('tedious', 'Connection.prototype.callProcedure'),
    calls: 3,
  },
  {
    gone: 'Connection.batch',
    named: 'mariadb',
    moved: member(inside('connection.js'), 'default.prototype.batch'),
    calls: 3,
  },
  {
    gone: 'Connection.executePromise',
    named: 'mariadb',
    moved: member(inside('connection.js'), 'default.prototype.executePromise'),
    calls: 2,
  },
];

describe('an application whose driver has moved what is patched', () => {
  it(
    'is compared with one whose drivers have moved nothing',
    async () => {
      const { warnings, entries } = await startMoved(APP, {});
      expect(warnings).toEqual([]);
      expect(entries).toContainEqual(
        expect.objectContaining({ message: 'Request finished', db_count: 3 }),
      );
    },
    TIMEOUT_MS,
  );

  it.each(CASES)(
    'starts with one warning, and the rest is traced: $named without $gone',
    async ({ named, moved, calls }) => {
      const { warnings, otherWarnings, entries, status } = await startMoved(APP, moved);
      expect(warnings).toEqual([expect.stringMatching(new RegExp(`${named} \\d+\\.\\d+\\.\\d+`))]);
      expect(otherWarnings).toEqual([]);
      expect(status).toBe(200);
      expect(entries).toContainEqual(
        expect.objectContaining({ message: 'Request finished', db_count: calls }),
      );
    },
    TIMEOUT_MS,
  );
});
