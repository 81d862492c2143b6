import { createParamDecorator } from '@nestjs/common';
import { currentTrace } from './active-trace.js';

/**
 * The trace id of the request, as a handler's parameter.
 *
 * @publicApi
 *
 * @example
 * \@Get()
 * pay(@TraceId() traceId: string) {}
 */
export const TraceId = createParamDecorator((): string | undefined => currentTrace()?.traceId);

/**
 * The request id, as a handler's parameter.
 *
 * @publicApi
 *
 * @example
 * \@Get()
 * pay(@RequestId() requestId: string) {}
 */
export const RequestId = createParamDecorator((): string | undefined => currentTrace()?.requestId);

/**
 * The session id, as a handler's parameter.
 *
 * @publicApi
 *
 * @example
 * \@Get()
 * pay(@SessionId() sessionId: string) {}
 */
export const SessionId = createParamDecorator((): string | undefined => currentTrace()?.sessionId);
