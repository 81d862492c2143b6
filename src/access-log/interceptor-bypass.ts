import type { NestInterceptor } from '@nestjs/common';
import {
  InterceptorsConsumer,
  InterceptorsContextCreator,
} from '@nestjs/core/interceptors/index.js';
import { isObservable } from 'rxjs';
import { currentStore, runInStore } from '../context/trace-store.js';
import type { Trace } from '../trace/trace.js';
import { followObservable } from '../spans/follow-result.js';
import { endHandler, TracingInterceptor } from './tracing.interceptor.js';

type Create = (...args: unknown[]) => NestInterceptor[];
type Intercept = (
  interceptors: NestInterceptor[] | undefined,
  args: readonly unknown[],
  instance: object,
  callback: Function,
  next: unknown,
  type?: string,
) => Promise<unknown>;

/** The interceptor that stands before all of a list, and is left out of it. */
const leftOut = new WeakMap<readonly NestInterceptor[], TracingInterceptor>();
let isInstalled = false;

/**
 * Measures the handler around Nest's interceptors instead of as one of them. Where there are no
 * others, a route pays for none: Nest spends more on the first one (observables, async resources,
 * promises) than all else that is done here for a request.
 *
 * It rests on two internals of NestJS. Without them the interceptor does the same by itself.
 */
export function shortcutInterceptor(): void {
  if (isInstalled) return;
  isInstalled = true;
  leaveOutOutermost(InterceptorsContextCreator.prototype as unknown as { create: Create });
  measureAround(InterceptorsConsumer.prototype as unknown as { intercept: Intercept });
}

function leaveOutOutermost(creator: { create: Create }): void {
  const { create } = creator;
  creator.create = function (...args) {
    const interceptors = create.apply(this, args);
    const [outermost, ...inner] = interceptors;
    if (!(outermost instanceof TracingInterceptor)) return interceptors;
    leftOut.set(inner, outermost);
    return inner;
  };
}

function measureAround(consumer: { intercept: Intercept }): void {
  const { intercept } = consumer;
  consumer.intercept = function (interceptors, args, instance, callback, next, type = 'http') {
    const own = interceptors === undefined ? undefined : leftOut.get(interceptors);
    const trace = own?.begin(type, instance.constructor, callback, args);
    const result = intercept.call(this, interceptors, args, instance, callback, next, type);
    return trace === undefined ? result : measured(result, trace);
  };
}

function measured(result: Promise<unknown>, trace: Trace): Promise<unknown> {
  const end = (): void => endHandler(trace);
  return result.then(
    (value) => {
      if (isObservable(value)) {
        const store = currentStore() ?? {};
        // NestJS leaves an event stream when the connection closes, where there is no context.
        return followObservable({ run: (fn) => runInStore(store, fn), end }, value);
      }
      end();
      return value;
    },
    (error: unknown) => {
      end();
      throw error;
    },
  );
}
