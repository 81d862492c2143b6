import { types } from 'node:util';
import type { LoggedEntry } from './logged-entry.js';

/**
 * What an entry has to say: its message, whole or by a pattern; or some of its fields, in which
 * patterns, asymmetric matchers and parts of objects do as well.
 */
export type ExpectedEntry = string | RegExp | ExpectedFields;

/** Some of an entry's fields. */
export type ExpectedFields = { readonly [Field in keyof LoggedEntry]?: unknown };

/** How a test runner compares two values. */
export type Equals = (actual: unknown, expected: unknown) => boolean;

/** Whether an entry says what is expected of it. */
export function saysWhatIsExpected(
  entry: LoggedEntry,
  expected: ExpectedEntry,
  equals: Equals,
): boolean {
  return matches(entry, fieldsOf(expected), equals);
}

/** The fields that are expected. */
export function fieldsOf(expected: ExpectedEntry): ExpectedFields {
  if (typeof expected === 'string' || types.isRegExp(expected)) return { message: expected };
  return expected;
}

function matches(actual: unknown, expected: unknown, equals: Equals): boolean {
  // `search` leaves the state of a global or sticky pattern alone.
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
    Object.keys(expected).every((key) => matches(actual[key], expected[key], equals))
  );
}

/** A matcher need not be of a class: test runners know it by this. */
function isAsymmetric(value: Record<string, unknown>): boolean {
  return typeof value['asymmetricMatch'] === 'function';
}

/** Of any realm: a test runner's objects may be those of another. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
