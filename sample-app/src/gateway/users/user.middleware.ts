import { Injectable, type NestMiddleware } from '@nestjs/common';
import { TraceContext } from 'nestjs-tracing';
import { userOfSession } from './session-users.js';

/** Names the user on all lines of a request: the trace viewer names the session so, too. */
@Injectable()
export class UserMiddleware implements NestMiddleware {
  constructor(private readonly trace: TraceContext) {}

  use(_request: unknown, _response: unknown, next: () => void): void {
    const user = userOfSession(this.trace.sessionId ?? '');
    if (user !== undefined) this.trace.set('user', user);
    next();
  }
}
