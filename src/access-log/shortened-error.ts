import { errorFields, isError, readProperty } from '../records/error-fields.js';
import { tellsOfFault } from '../records/fault-fields.js';
import { isApplicationFrame } from './error-id.js';

/** How far causes of causes are read, and how many errors in all: further ones are left as they are. */
const MAX_CAUSES = 8;
const MAX_ERRORS = 50;
/** How many frames of packages and Node.js are kept where an error was made, and where no frame is the application's. */
const KEPT_INNERMOST = 2;
const KEPT_WITHOUT_OWN = 3;
/** The longest stack that is shortened. */
const MAX_STACK = 65_536;
/** The names of an error's fields in JSON, with what encloses their values. */
const FIELD_NAMES_BYTES = 48;

const FRAME = /^\s+at /;
/** Where Node.js goes on after an `await`. It has called nothing of what is around it. */
const TASK_QUEUE = ' at process.processTicksAndRejections (node:internal/';

/**
 * What is left out of stacks, step by step: what lies outside of the application's outermost frame
 * (the router, the HTTP server); further frames of packages and Node.js; and frames that the error
 * around has as well.
 */
const LEVELS = ['outer', 'foreign', 'shared'] as const;
type Level = (typeof LEVELS)[number];

/** An error as a line has it, and the bytes that it takes there. */
export interface ShortenedError {
  readonly error: Error;
  readonly bytes: number;
}

/**
 * An error with shorter stacks, if it and its causes take more bytes than there is room for. All frames
 * of the application's stay, each at least once; where others were, a line has their number. It is the
 * same error where it fits, and else one of the same class, with the fields that are written.
 */
export function shortenedError(error: Error, room: number): ShortenedError {
  let shortened: ShortenedError = { error, bytes: bytesOf(error, 0, new Set()) };
  for (const level of LEVELS) {
    if (shortened.bytes <= room) break;
    const shorter = shorten(error, undefined, level, 0, new Map());
    shortened = { error: shorter, bytes: bytesOf(shorter, 0, new Set()) };
  }
  return shortened;
}

function shorten(
  error: Error,
  around: ReadonlySet<string> | undefined,
  level: Level,
  depth: number,
  made: Map<Error, Error>,
): Error {
  const known = made.get(error);
  if (known !== undefined) return known;
  if (depth > MAX_CAUSES || made.size >= MAX_ERRORS) return error;
  const { stack, cause, errors, ...own } = errorFields(error);
  const descriptors: PropertyDescriptorMap = {};
  for (const key of Object.keys(own)) {
    if (tellsOfFault(key)) descriptors[key] = hiddenProperty(own[key]);
  }
  // One of another realm, such as `node:vm` or a test runner, is known as an error by what it is itself.
  const like = error instanceof Error ? error : Error.prototype;
  const shorter = Object.create(like, descriptors) as Error;
  made.set(error, shorter);
  for (const name of ['name', 'message']) {
    // A getter may read what only the error itself has.
    const value = readProperty(error, name);
    if (readProperty(shorter, name) !== value) define(shorter, name, value);
  }
  const lines = typeof stack === 'string' && stack.length <= MAX_STACK ? stack.split('\n') : [];
  const inner = new Set(lines.filter((line) => FRAME.test(line)));
  if (lines.length > 0) {
    const head = headOf(lines, readProperty(error, 'message'));
    define(shorter, 'stack', shortStack(lines, head, around, level));
  }
  const shortOne = (reason: unknown): unknown =>
    isError(reason) ? shorten(reason, inner, level, depth + 1, made) : reason;
  if (cause !== undefined) define(shorter, 'cause', shortOne(cause));
  if (Array.isArray(errors)) define(shorter, 'errors', errors.map(shortOne));
  return shorter;
}

function define(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, hiddenProperty(value));
}

function hiddenProperty(value: unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true };
}

/** How many lines the title takes. A message may have lines that look like frames. */
function headOf(lines: readonly string[], message: unknown): number {
  const least = typeof message === 'string' ? message.split('\n').length : 1;
  const first = lines.findIndex((line, at) => at >= least && FRAME.test(line));
  return first === -1 ? lines.length : first;
}

function shortStack(
  lines: readonly string[],
  head: number,
  around: ReadonlySet<string> | undefined,
  level: Level,
): string {
  const own = lines.map((line, at) => at >= head && isApplicationFrame(line));
  const outermost = own.lastIndexOf(true);
  const first = own.indexOf(true);
  const innermost = first === -1 ? head + KEPT_WITHOUT_OWN : Math.min(first, head + KEPT_INNERMOST);
  const isKept = (line: string, at: number): boolean => {
    if (at < head || !FRAME.test(line)) return true;
    if (level === 'shared' && at > head && around?.has(line) === true) return false;
    if (own[at] === true || at < innermost) return true;
    return level === 'outer' && at < outermost;
  };
  const kept: string[] = [];
  let leftOut = 0;
  for (const [at, line] of lines.entries()) {
    if (at >= head && line.includes(TASK_QUEUE)) continue;
    if (!isKept(line, at)) {
      leftOut++;
      continue;
    }
    if (leftOut > 0) kept.push(leftOutLine(leftOut));
    leftOut = 0;
    kept.push(line);
  }
  if (leftOut > 0) kept.push(leftOutLine(leftOut));
  return kept.join('\n');
}

function leftOutLine(count: number): string {
  return `    ... ${count} more ${count === 1 ? 'frame' : 'frames'} ...`;
}

/** About the bytes of an error in JSON, with its causes. */
function bytesOf(error: Error, depth: number, seen: Set<unknown>): number {
  if (seen.has(error) || seen.size >= MAX_ERRORS || depth > MAX_CAUSES) return 0;
  seen.add(error);
  const { cause, errors, ...own } = errorFields(error);
  let bytes = FIELD_NAMES_BYTES;
  for (const key of Object.keys(own)) {
    const value = own[key];
    bytes += typeof value === 'string' ? bytesOfText(value) : 20;
    if (tellsOfFault(key)) bytes += key.length + 4;
  }
  for (const reason of [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]) {
    if (isError(reason)) bytes += bytesOf(reason, depth + 1, seen);
    else if (reason !== undefined) bytes += 100;
  }
  return bytes;
}

function bytesOfText(text: string): number {
  return text.length > MAX_STACK ? text.length : Buffer.byteLength(JSON.stringify(text));
}
