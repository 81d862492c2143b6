import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';
import { currentTrace } from '../context/trace-store.js';
import { TRACING_OPTIONS } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';

/**
 * Measures the handler's share of a request: pipes, inner interceptors and the handler itself, to
 * the end of what it returns or to the moment the client leaves. GraphQL resolves the fields of an
 * operation side by side: its share ends with the last of them.
 */
@Injectable()
export class TracingInterceptor implements NestInterceptor {
  constructor(@Inject(TRACING_OPTIONS) private readonly options: ResolvedTracingOptions) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const trace = currentTrace();
    // Options from a factory come too late to leave the interceptor out.
    if (!this.options.interceptor || trace === undefined) return next.handle();
    const isField = context.getType<string>() === 'graphql';
    // A module that is imported twice measures once.
    const isMeasured = trace.handlerStartedMs !== undefined;
    if (isMeasured && !(isField && isRootField(context))) return next.handle();
    const startedMs = (trace.handlerStartedMs ??= performance.now());
    // The first field of a GraphQL operation has named it before its guards ran.
    if (!isField) {
      trace.metadata.nameHandler?.(`${context.getClass().name}.${context.getHandler().name}`);
    }
    return next.handle().pipe(
      finalize(() => {
        trace.handlerMs = performance.now() - startedMs;
      }),
    );
  }
}

/** Resolvers are called with the source, the arguments, the context and this. */
function isRootField(context: ExecutionContext): boolean {
  const info = context.getArgByIndex<{ path?: { prev?: unknown } } | undefined>(3);
  return info?.path?.prev === undefined;
}
