import { Logger } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { tap } from 'rxjs';

/** The access line as the interceptors chapter of Nest's documentation writes it. */
export class AccessLogInterceptor implements NestInterceptor {
  private readonly logger = new Logger(AccessLogInterceptor.name);

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method, url } = http.getRequest<{ method: string; url: string }>();
    const response = http.getResponse<{ statusCode: number }>();
    const startedAt = Date.now();
    return next
      .handle()
      .pipe(
        tap(() =>
          this.logger.log(`${method} ${url} ${response.statusCode} ${Date.now() - startedAt}ms`),
        ),
      );
  }
}
