import type { Equals } from './expected-entry.js';

/** The `this` of a matcher in Jest and Vitest. */
export interface MatcherContext {
  readonly isNot?: boolean;
  readonly equals: Equals;
  readonly utils: {
    matcherHint(
      name: string,
      received: string,
      expected: string,
      options: { isNot?: boolean; secondArgument?: string },
    ): string;
    stringify(value: unknown): string;
  };
}

/** What a matcher returns. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The first line of a failure: `expect(logs).toHaveLogged(expected)`. */
export function hint(
  { utils, isNot = false }: MatcherContext,
  name: string,
  argument: string,
  secondArgument = '',
): string {
  return utils.matcherHint(name, 'logs', argument, { isNot, secondArgument });
}

/** Formats a value on one line; Vitest would use several lines for objects. */
export function print({ utils }: MatcherContext, value: unknown): string {
  return utils.stringify(value).replace(/\s*\n\s*/g, ' ');
}

/** The parts of a failure, each as a paragraph. */
export function failure(...parts: (string | false)[]): string {
  return parts.filter((part) => part !== false).join('\n\n');
}
