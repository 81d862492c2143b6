import { currentTrace } from '../context/active-trace.js';
import { keepThrown } from '../trace/thrown.js';
import { definePatch } from './patch.js';

const EXTERNAL = definePatch({
  package: '@nestjs/core',
  target: 'ExternalExceptionsHandler.prototype.next',
  gives: '`error` as it was thrown, of GraphQL resolvers and handlers of other packages',
  without: 'the error of a GraphQL operation is what an exception filter has made of it',
  why: 'a filter of this package would change which filter of the application handles an error',
});

type Next = (this: unknown, exception: unknown, ...rest: unknown[]) => unknown;

interface ExternalClasses {
  readonly ExternalExceptionsHandler: { readonly prototype: { next: Next } };
}

/** What was thrown, by what an exception filter has made of it. */
const originals = new WeakMap<object, { readonly error: unknown }>();

/** What was thrown, where an exception filter has made this error of it; else the error itself. */
export function originalOf(error: unknown): unknown {
  const original = isObject(error) ? originals.get(error) : undefined;
  return original === undefined ? error : original.error;
}

/** Notes what is thrown in resolvers and other handlers before exception filters see it. */
export async function noteExternalExceptions(): Promise<void> {
  const found = await EXTERNAL.load<unknown>(
    () => import('@nestjs/core/exceptions/external-exceptions-handler.js'),
  );
  if (found === undefined) return;
  const { ExternalExceptionsHandler } = found as Partial<ExternalClasses>;
  EXTERNAL.method(ExternalExceptionsHandler?.prototype, 'next', noting);
}

function noting(next: Next): Next {
  return function (exception, ...rest) {
    const trace = currentTrace();
    if (trace === undefined) return next.call(this, exception, ...rest);
    keepThrown(trace, exception, false, true);
    const note = (made: unknown): void => {
      if (isObject(made) && made !== exception) originals.set(made, { error: exception });
    };
    const noteThrown = (error: unknown): void => {
      if (isAnswer(error)) note(error);
      else keepThrown(trace, error);
    };
    try {
      const result = next.call(this, exception, ...rest);
      // What a filter returns is the error of the field. Errors of promises are seen where they fail.
      if (result instanceof Promise) result.then(note, noteThrown);
      else note(result);
      return result;
    } catch (error) {
      noteThrown(error);
      throw error;
    }
  };
}

/** Whether a filter has thrown it to answer with it. With another error, the filter has failed itself. */
function isAnswer(error: unknown): boolean {
  return isObject(error) && ('extensions' in error || 'getStatus' in error);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
