import { describe, expect, it } from '@jest/globals';
import { versionOf } from '../../../src/records/package-version.js';
import { startMoved, type MovedInternal } from '../../support/moved-internal.js';

const APP = 'test/instrumentation/clients/pg-moved-app.ts';

describe('a pg whose internals have moved', () => {
  it.each([
    ['Client.prototype.query', 'queries are not recorded'],
    [
      'Client.prototype.connect',
      'what a connection emits later may have the ids of the request that opened it',
    ],
  ])('costs one warning where it has no %s', async (path, without) => {
    const removed: MovedInternal['removed'] = [{ module: 'pg', path: `default.${path}` }];
    const { warnings, otherWarnings, status, entries } = await startMoved(APP, { removed });
    expect(status).toBe(200);
    expect(warnings).toEqual([
      expect.stringContaining(
        `pg ${versionOf('pg')} has another shape than expected: ${without} (${path}: `,
      ),
    ]);
    expect(otherWarnings).toEqual([]);
    expect(entries.map(({ message }) => message)).toContain('Request finished');
  });
});
