import { describe, expect, it } from '@jest/globals';
import { startMoved, type MovedInternal } from '../support/moved-internal.js';

interface Case {
  readonly name: string;
  readonly moved: MovedInternal;
  /** What the warnings say, one of each package's internals that is missing. */
  readonly warnings?: readonly RegExp[];
}

const CASES: readonly Case[] = [
  {
    name: 'the internals of @nestjs/core',
    moved: { unresolvable: '^@nestjs/core/.' },
    warnings: [
      /@nestjs\/core \d+\.\d+\.\d+\S* has another shape .*: access log lines of failed requests/,
      /@nestjs\/core .*: access log lines of failed streams of events do not have the error/,
      /@nestjs\/core \d+\.\d+\.\d+\S* has another shape .*`handler_ms` is measured by/,
      /@nestjs\/core .*: the error of a GraphQL operation is what an exception filter/,
    ],
  },
  {
    name: 'the request hook of the adapter, for which the middleware takes over',
    moved: {
      removed: [
        { module: '@nestjs/platform-express', path: 'ExpressAdapter.prototype.setOnRequestHook' },
      ],
    },
  },
];

describe('an application whose NestJS has moved an internal', () => {
  it.each(CASES)('is traced without $name', async ({ moved, warnings: expected = [] }) => {
    const { status, warnings, otherWarnings, entries } = await startMoved(
      'test/http-server/moved-app.ts',
      moved,
    );
    expect(status).toBe(200);
    expect(warnings).toEqual(expected.map((text) => expect.stringMatching(text)));
    expect(otherWarnings).toEqual([]);
    const finished = entries.filter(({ message }) => message === 'Request finished');
    expect(finished).toEqual([
      expect.objectContaining({
        status_code: 200,
        route: '/',
        handler: 'HelloController.hello',
        handler_ms: expect.any(Number),
        trace_id: expect.any(String),
      }),
    ]);
  });
});
