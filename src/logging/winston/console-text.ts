import { format, inspect, types, type InspectOptions } from 'node:util';
import { errorFields, isError, readProperty } from '../../records/json-value.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { spelledOut } from './spelled-out.js';

/** The arguments of a call of `console`, as an entry's message and fields. */
export interface ConsoleEntry {
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** An error among the arguments: its text in the message. The entry has its stack as a field. */
class ErrorText {
  constructor(private readonly error: Error) {}

  toString(): string {
    return String(this.error);
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/**
 * Reads arguments as `console.log` does. The first error is the entry's `error`; others are in
 * `args`.
 *
 * @see https://nodejs.org/api/util.html#utilformatformat-args
 */
export function readConsoleArguments(
  args: readonly unknown[],
  limits: LineLimits = DEFAULT_LINE_LIMITS,
): ConsoleEntry {
  const fields: Record<string, unknown> = { context: 'console' };
  const errors = args.filter((value) => isError(value));
  const [first] = errors;
  if (first === undefined) return { message: textOf(args, limits), fields };
  fields['error'] = first;
  if (errors.length > 1) fields['args'] = errors.slice(1).map((error) => errorFields(error));
  if (args.length === 1) return { message: String(readProperty(first, 'message')), fields };
  const texts = args.map((value) => (isError(value) ? new ErrorText(value) : value));
  return { message: textOf(texts, limits), fields };
}

/** Reads the arguments of `console.dir`: a value, and how it is shown. Colours are left out. */
export function readDirArguments(
  [value, options]: readonly unknown[],
  limits: LineLimits = DEFAULT_LINE_LIMITS,
): ConsoleEntry {
  if (isError(value)) return readConsoleArguments([value], limits);
  let message: string;
  try {
    const asked: InspectOptions = typeof options === 'object' && options !== null ? options : {};
    message = inspect(spelledOut(value, limits, 'inspect'), {
      customInspect: false,
      ...asked,
      colors: false,
    });
  } catch {
    // A trap of a proxy, or a function among the options, that throws.
    message = textOf([value], limits);
  }
  return { message, fields: { context: 'console' } };
}

/**
 * Reads the arguments of `console.assert` that follow the condition.
 *
 * @see https://console.spec.whatwg.org/#assert
 */
export function readAssertArguments(
  args: readonly unknown[],
  limits: LineLimits = DEFAULT_LINE_LIMITS,
): ConsoleEntry {
  const [first, ...rest] = args;
  if (args.length === 0) return readConsoleArguments(['Assertion failed'], limits);
  return typeof first === 'string'
    ? readConsoleArguments([`Assertion failed: ${first}`, ...rest], limits)
    : readConsoleArguments(['Assertion failed:', ...args], limits);
}

/** An argument that cannot be shown costs itself, not the others. */
function textOf(given: readonly unknown[], limits: LineLimits): string {
  const args = given.map((value) =>
    !types.isProxy(value) && value instanceof ErrorText
      ? value
      : spelledOut(value, limits, 'inspect'),
  );
  try {
    return format(...args);
  } catch {
    // One of them cannot be shown.
    return args.map(textOfOne).join(' ');
  }
}

function textOfOne(value: unknown): string {
  try {
    return typeof value === 'string' ? value : format(value);
  } catch {
    // Its `toString`, or its own way to be inspected, throws.
    return '[unreadable]';
  }
}
