import { isMiddlewareCall, MIDDLEWARE_METHOD, runMiddlewareSpan } from './middleware-span.js';
import { runSpan } from './run-span.js';
import { replaceMethod, SPANNED } from './replace-method.js';

/**
 * Makes every call of a method a span of the current trace, named `Class.method` or as given:
 * synchronous, or returning a promise, an observable or an async generator. Results and errors
 * are returned unchanged, and the metadata of other decorators stays on the method. Outside a trace
 * the method runs unmeasured. The span of a middleware's `use` ends when that calls `next`.
 *
 * @publicApi
 *
 * @example
 * \@Span()
 * findMessages(user: string): Promise<Message[]> {}
 *
 * \@Span('charge card')
 * \@OnEvent('order.placed')
 * async charge(order: Order) {}
 */
export function Span(name?: string): MethodDecorator {
  return (target, key, descriptor) => {
    const owner = typeof target === 'function' ? target : target.constructor;
    const spanName = name ?? `${owner.name}.${String(key)}`;
    replaceMethod(
      descriptor,
      (method) =>
        function (...args) {
          if (key === MIDDLEWARE_METHOD && isMiddlewareCall(args)) {
            return runMiddlewareSpan({ name: spanName }, args, (wrapped) =>
              method.apply(this, wrapped),
            );
          }
          return runSpan(spanName, () => method.apply(this, args));
        },
    );
    Object.defineProperty(descriptor.value ?? {}, SPANNED, { value: true });
  };
}
