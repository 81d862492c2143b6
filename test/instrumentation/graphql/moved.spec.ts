import { describe, expect, it } from '@jest/globals';
import { startMoved, type MovedInternal, type MovedOutcome } from '../../support/moved-internal.js';

const CONNECTION = 'mercurius/lib/subscription-connection.js';

interface Case {
  readonly what: string;
  readonly removed?: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the warning names: package, version and what is missing. */
  readonly warning: RegExp;
  /** What the line of the operation over HTTP has. */
  readonly http: Readonly<Record<string, unknown>>;
  /** The handlers of operations over WebSockets. */
  readonly operations?: readonly string[];
}

const NAMED = { pattern: 'Query.greeting', graphql_operation: 'Greet' };

const CASES: readonly Case[] = [
  {
    what: 'the start of a driver',
    env: { MOVED_GRAPHQL: 'driver' },
    warning: /@nestjs\/graphql \d+\.\d+\.\d+ .*GraphQL operations are not traced/,
    http: {},
  },
  {
    what: 'the fields of a schema',
    env: { MOVED_GRAPHQL: 'fields' },
    warning: /graphql \d+\.\d+\.\d+ .*do not name GraphQL operations/,
    http: { graphql_errors: 1 },
  },
  {
    what: 'the method of Mercurius that starts an operation',
    removed: 'default.prototype.handleGQLStart',
    env: { MOVED_GRAPHQL: 'mercurius' },
    warning: /mercurius \d+\.\d+\.\d+ .*over WebSockets are not traced/,
    http: { ...NAMED, graphql_errors: 1 },
  },
  {
    what: 'the method of Mercurius that stops an operation',
    removed: 'default.prototype.handleGQLStop',
    env: { MOVED_GRAPHQL: 'mercurius', MOVED_OPERATION: 'true' },
    warning: /mercurius \d+\.\d+\.\d+ .*ends only when its socket closes/,
    http: { ...NAMED, graphql_errors: 1 },
    operations: ['GreetingResolver.greeting'],
  },
];

async function start(
  env: Readonly<Record<string, string>>,
  moved: MovedInternal = {},
): Promise<MovedOutcome> {
  Object.assign(process.env, env);
  try {
    return await startMoved('test/instrumentation/graphql/moved-app.ts', moved);
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
  }
}

/** The fields of the operation over HTTP that say that it was one of GraphQL. */
function operationOf({ entries }: MovedOutcome): Record<string, unknown> {
  const line = entries.find(({ method }) => method === 'POST');
  expect(line).toMatchObject({ message: 'Request finished', status_code: 200 });
  const fields = new Set(['pattern', 'graphql_operation', 'graphql_errors']);
  return Object.fromEntries(Object.entries(line!).filter(([name]) => fields.has(name)));
}

describe('a version of GraphQL that has moved', () => {
  it.each(CASES)(
    '$what costs one warning, and the rest is traced',
    async ({ removed, env, warning, http, operations = [] }) => {
      const moved = removed === undefined ? [] : [{ module: CONNECTION, path: removed }];
      const outcome = await start(env, { removed: moved });

      expect(outcome.warnings).toEqual([expect.stringMatching(warning)]);
      expect(outcome.otherWarnings).toEqual([]);
      expect(outcome.status).toBe(200);
      expect(operationOf(outcome)).toEqual(http);
      const lines = outcome.entries.filter(({ message }) => message === 'Message finished');
      expect(lines.map(({ handler }) => handler)).toEqual(operations);
    },
    60_000,
  );

  it('is traced by its methods when its classes have other names', async () => {
    const outcome = await start({ MOVED_GRAPHQL: 'names' });
    expect(outcome.warnings).toEqual([]);
    expect(operationOf(outcome)).toEqual({ ...NAMED, graphql_errors: 1 });
  }, 60_000);
});
