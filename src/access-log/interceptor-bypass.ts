import type { NestInterceptor } from '@nestjs/common';
import { isObservable } from 'rxjs';
import { runInSnapshot, takeSnapshot } from '../context/trace-store.js';
import { definePatch } from '../instrumentation/patch.js';
import type { Trace } from '../trace/trace.js';
import { endHandler, followHandler, TracingInterceptor } from './tracing.interceptor.js';

const BYPASS = definePatch({
  package: '@nestjs/core',
  target: 'InterceptorsContextCreator.prototype.create, InterceptorsConsumer.prototype.intercept',
  gives: '`handler_ms` without the cost of an interceptor',
  without: '`handler_ms` is measured by an interceptor, which costs more for each request',
  why: 'NestJS has no hook around a handler but an interceptor, the most expensive part of a route',
});

/** What this module changes of `@nestjs/core/interceptors`. */
interface InterceptorClasses {
  readonly InterceptorsContextCreator: { readonly prototype: { create: Create } };
  readonly InterceptorsConsumer: { readonly prototype: { intercept: Intercept } };
}

type Create = (this: unknown, ...args: unknown[]) => NestInterceptor[];
type Intercept = (
  this: unknown,
  interceptors: NestInterceptor[] | undefined,
  args: readonly unknown[],
  instance: object,
  callback: Function,
  next: unknown,
  type?: string,
) => Promise<unknown>;

/** The {@link TracingInterceptor} that was removed from the front of a list of interceptors. */
const removed = new WeakMap<readonly NestInterceptor[], TracingInterceptor>();

/**
 * Measures the handler around NestJS's interceptors instead of as one of them, so that a route
 * without interceptors of its own runs none. NestJS spends more on the first interceptor
 * (observables, async resources, promises) than everything else that tracing does for a request.
 *
 * It relies on two internal classes of NestJS. Where they are missing, the interceptor stays in
 * the list and measures the same by itself.
 */
export async function bypassInterceptor(): Promise<void> {
  const classes = await BYPASS.load<unknown>(() => import('@nestjs/core/interceptors/index.js'));
  if (classes === undefined) return;
  const { InterceptorsConsumer, InterceptorsContextCreator } =
    classes as Partial<InterceptorClasses>;
  // The interceptor may be removed only where something else measures in its place.
  if (BYPASS.method(InterceptorsConsumer?.prototype, 'intercept', measureAround)) {
    BYPASS.method(InterceptorsContextCreator?.prototype, 'create', removeOutermost);
  }
}

function removeOutermost(create: Create): Create {
  return function (...args) {
    const interceptors = create.apply(this, args);
    const [outermost, ...inner] = interceptors;
    if (!(outermost instanceof TracingInterceptor)) return interceptors;
    removed.set(inner, outermost);
    return inner;
  };
}

function measureAround(intercept: Intercept): Intercept {
  return function (interceptors, args, instance, callback, next, type = 'http') {
    const own = interceptors === undefined ? undefined : removed.get(interceptors);
    const trace = own?.begin(type, instance.constructor, callback, args);
    const result = intercept.call(this, interceptors, args, instance, callback, next, type);
    return trace === undefined ? result : measured(result, trace);
  };
}

function measured(result: Promise<unknown>, trace: Trace): Promise<unknown> {
  return result.then(
    (value) => {
      if (isObservable(value)) {
        const context = takeSnapshot();
        // NestJS unsubscribes from an event stream when the connection closes, outside any context.
        return followHandler(trace, value, (fn) => runInSnapshot(context, fn));
      }
      endHandler(trace);
      return value;
    },
    (error: unknown) => {
      endHandler(trace);
      throw error;
    },
  );
}
