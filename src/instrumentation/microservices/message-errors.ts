import { currentTrace } from '../../context/active-trace.js';
import { keepThrown } from '../../trace/thrown.js';
import { definePatch } from '../patch.js';

const ERRORS = definePatch({
  package: '@nestjs/microservices',
  target: 'RpcExceptionsHandler.prototype.handle',
  gives: '`error` as it was thrown on the access log line of a message',
  without: 'the error of a message is what an exception filter has made of it',
  why: 'a filter of this package would change which filter of the application handles an error',
});

type Handle = (this: unknown, exception: unknown, ...rest: unknown[]) => unknown;

interface HandlerClasses {
  readonly RpcExceptionsHandler: { readonly prototype: { handle: Handle } };
}

/** Notes what reaches the exception filters of messages, before any of them is called. */
export async function noteMessageErrors(): Promise<void> {
  const found = await ERRORS.load<unknown>(
    () => import('@nestjs/microservices/exceptions/rpc-exceptions-handler.js'),
  );
  if (found === undefined) return;
  const { RpcExceptionsHandler } = found as Partial<HandlerClasses>;
  ERRORS.method(RpcExceptionsHandler?.prototype, 'handle', noting);
}

function noting(handle: Handle): Handle {
  return function (exception, ...rest) {
    const trace = currentTrace();
    if (trace === undefined) return handle.call(this, exception, ...rest);
    keepThrown(trace, exception);
    try {
      return handle.call(this, exception, ...rest);
    } catch (error) {
      keepThrown(trace, error);
      throw error;
    }
  };
}
