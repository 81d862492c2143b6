import { expect, it, jest } from '@jest/globals';
import { startMoved } from '../../support/moved-internal.js';

jest.setTimeout(60_000);

it('costs one warning where the driver of MongoDB has moved what all calls go through', async () => {
  const { warnings, otherWarnings, status } = await startMoved(
    'test/instrumentation/clients/moved-mongodb.ts',
    {
      removed: [
        { module: 'mongodb/lib/operations/execute_operation.js', path: 'default.executeOperation' },
      ],
    },
  );
  expect(warnings).toEqual([
    expect.stringMatching(
      /: mongodb \d+\.\S+ has another shape than expected: calls to MongoDB are not steps/,
    ),
  ]);
  expect([otherWarnings, status]).toEqual([[], 200]);
});
