import { readProperty } from '../records/error-fields.js';
import { cutText, defineField } from './kept-fields.js';

/** The longest stack that is kept without its error. */
const MAX_STACK = 8192;

/** What copies the values of an error, and counts them. */
interface ErrorKeeper {
  left: number;
  readonly room: number;
  /** Whether a part of what was kept was left out. */
  isCut: boolean;
  keep(value: unknown): unknown;
  enter(value: object, copy: object): void;
  leave(): void;
}

/**
 * An error whose message, causes and fields are those of now. The stack never changes, and to read
 * it costs more than everything else: it stays with the original, which is the prototype. Only where
 * the original holds more than what is kept of it, such as a response, the stack is read.
 */
export function keptError(error: Error, keeper: ErrorKeeper): Error {
  // Of another realm, such as a test runner's: nothing could tell that its copy is an error.
  if (!(error instanceof Error)) return error;
  const wasCut = keeper.isCut;
  keeper.isCut = false;
  const copy = Object.create(error) as Error;
  keeper.enter(error, copy);
  // What every error has comes first: there may be no room for it behind a response.
  for (const key of ['name', 'message', 'cause', 'errors'] as const) {
    if (!Object.hasOwn(error, key)) continue;
    const isEnumerable = Object.prototype.propertyIsEnumerable.call(error, key);
    defineField(copy, key, keeper.keep(readProperty(error, key)), isEnumerable);
  }
  for (const key of Object.keys(error)) {
    if (keeper.left <= 0) {
      keeper.isCut = true;
      break;
    }
    if (Object.hasOwn(copy, key)) continue;
    keeper.left -= key.length;
    defineField(copy, key, keeper.keep(readProperty(error, key)));
  }
  keeper.leave();
  if (keeper.isCut) detach(copy, error, keeper);
  keeper.isCut ||= wasCut;
  return copy;
}

/** Makes the copy of an error one that does not hold the error. */
function detach(copy: Error, error: Error, keeper: ErrorKeeper): void {
  const stack = readProperty(error, 'stack');
  if (typeof stack === 'string') {
    const kept = Math.min(MAX_STACK, keeper.room);
    defineField(copy, 'stack', stack.length > kept ? cutText(stack, kept) : stack, false);
    keeper.left -= Math.min(stack.length, kept);
  }
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object);
}
