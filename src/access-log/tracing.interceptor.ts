import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { currentTrace } from '../context/active-trace.js';
import { TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { followObservable } from '../spans/follow-result.js';
import { enrichTrace } from './enrich-trace.js';
import { handlerName } from './handler-name.js';
import type { Trace } from '../trace/trace.js';

/**
 * Measures the handler's share of a request: pipes, inner interceptors and the handler itself, until
 * its result has ended or the client disconnects. GraphQL resolves the fields of an operation
 * concurrently: its share ends with the last of them.
 */
@Injectable()
export class TracingInterceptor implements NestInterceptor {
  constructor(@Inject(TRACING_OPTIONS) private readonly options: ResolvedTracingOptions) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const trace = this.begin(
      context.getType(),
      context.getClass(),
      context.getHandler(),
      context.getArgs(),
    );
    if (trace === undefined) return next.handle();
    return followHandler(trace, next.handle(), (fn) => fn());
  }

  /** Starts measuring; `undefined` where there is nothing to measure, or it is measured already. */
  begin(
    type: string,
    controller: Function,
    handler: Function,
    args: readonly unknown[],
  ): Trace | undefined {
    const trace = currentTrace();
    if (trace === undefined) return undefined;
    // Guards have run, also those of the first field of a GraphQL operation.
    const { enrich } = this.options;
    if (enrich !== undefined) enrichTrace(trace, enrich);
    // Options from a factory come too late to leave the interceptor out.
    if (!this.options.interceptor) return undefined;
    const isField = type === 'graphql';
    // A module that is imported twice measures once.
    const isMeasured = trace.handlerStartedMs !== undefined;
    if (isMeasured && !(isField && isRootField(args))) return undefined;
    trace.handlerStartedMs ??= performance.now();
    // A GraphQL operation was named by its first field, before its guards ran.
    if (!isField) trace.metadata.nameHandler?.(handlerName(controller, handler));
    return trace;
  }
}

/** Ends the share of a handler, or that of one more field. */
export function endHandler(trace: Trace): void {
  trace.handlerMs = performance.now() - (trace.handlerStartedMs ?? Number.NaN);
}

/**
 * Ends the share of a handler with its observable, or with the promise that this has emitted: NestJS
 * awaits the last value before it responds.
 *
 * @param run runs what ends the observable early.
 */
export function followHandler(
  trace: Trace,
  source: Observable<unknown>,
  run: <T>(fn: () => T) => T,
): Observable<unknown> {
  let hasEnded = false;
  const end = (): void => {
    if (!hasEnded) endHandler(trace);
    hasEnded = true;
  };
  return followObservable({ run, end, isLastAwaited: true }, source);
}

/** The fourth argument of a resolver describes its field. */
function isRootField(args: readonly unknown[]): boolean {
  const info = args[3] as { path?: { prev?: unknown } } | undefined;
  return info?.path?.prev === undefined;
}
