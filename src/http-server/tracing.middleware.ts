import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestTracer } from './request-tracer.js';

/** For HTTP adapters without a request hook: the context begins with NestJS's middleware. */
@Injectable()
export class TracingMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  constructor(@Inject(RequestTracer) private readonly tracer: RequestTracer) {}

  use(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    this.tracer.run(request, response, request, next);
  }
}
