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
 * the end of what it returns or to the moment the client leaves.
 */
@Injectable()
export class TracingInterceptor implements NestInterceptor {
  constructor(@Inject(TRACING_OPTIONS) private readonly options: ResolvedTracingOptions) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const trace = currentTrace();
    // Options from a factory come too late to leave the interceptor out; and a module that is
    // imported twice measures once.
    if (!this.options.interceptor || trace === undefined || trace.handlerStartedMs !== undefined) {
      return next.handle();
    }
    const startedMs = performance.now();
    trace.handlerStartedMs = startedMs;
    trace.metadata.nameHandler?.(`${context.getClass().name}.${context.getHandler().name}`);
    return next.handle().pipe(
      finalize(() => {
        trace.handlerMs = performance.now() - startedMs;
      }),
    );
  }
}
