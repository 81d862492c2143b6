import { describe, expect, it } from '@jest/globals';
import { startMoved, type MovedInternal } from '../support/moved-internal.js';

interface Case {
  readonly name: string;
  readonly moved: MovedInternal;
  /** What the only warning says; without it, there is none. */
  readonly warning?: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: 'the interceptors of @nestjs/core',
    moved: { unresolvable: '^@nestjs/core/.' },
    warning: /@nestjs\/core \d+\.\d+\.\d+\S* has another shape .*`handler_ms` is measured by/,
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
  it.each(CASES)('is traced without $name', async ({ moved, warning }) => {
    const { status, warnings, otherWarnings, entries } = await startMoved(
      'test/http-server/moved-app.ts',
      moved,
    );
    expect(status).toBe(200);
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
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
