import { types } from 'node:util';
import { ownValue } from '../records/own-value.js';
import type { LoggedEntry } from './logged-entry.js';

/**
 * What an entry is expected to contain: its full message, a pattern for the message, or some of its
 * fields. The values of fields can be patterns, asymmetric matchers and parts of objects.
 */
export type ExpectedEntry = string | RegExp | ExpectedFields;

/** Some of an entry's fields. */
export type ExpectedFields = { readonly [Field in keyof LoggedEntry]?: unknown };

/** The function with which a test runner compares two values. */
export type Equals = (actual: unknown, expected: unknown) => boolean;

/** Whether an entry contains what is expected. */
export function matchesExpected(
  entry: LoggedEntry,
  expected: ExpectedEntry,
  equals: Equals,
): boolean {
  return matches(entry, fieldsOf(expected), equals);
}

/** The expected fields; a string or pattern is the expected message. */
export function fieldsOf(expected: ExpectedEntry): ExpectedFields {
  if (typeof expected === 'string' || types.isRegExp(expected)) return { message: expected };
  return expected;
}

function matches(actual: unknown, expected: unknown, equals: Equals): boolean {
  // Unlike `test`, `search` does not change the state of a global or sticky pattern.
  if (types.isRegExp(expected)) return typeof actual === 'string' && actual.search(expected) !== -1;
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, index) => matches(actual[index], item, equals))
    );
  }
  if (!isPlainObject(expected) || isAsymmetric(expected)) return equals(actual, expected);
  return (
    isPlainObject(actual) &&
    Object.keys(expected).every((key) => matches(ownValue(actual, key), expected[key], equals))
  );
}

/** Whether a value is an asymmetric matcher. Test runners recognize them by this method. */
function isAsymmetric(value: Record<string, unknown>): boolean {
  return typeof value['asymmetricMatch'] === 'function';
}

/** Whether a value is a plain object of any realm: a test runner may run tests in another one. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
