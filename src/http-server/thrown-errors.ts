import type { ArgumentsHost } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { isObservable, tap } from 'rxjs';
import { definePatch } from '../instrumentation/patch.js';
import { keepThrown } from '../trace/thrown.js';
import type { Trace } from '../trace/trace.js';
import { reasonOfRefusal } from './refused-login.js';
import { traceOf } from './request-context.js';
import { areHeadersSent, noteFailures } from './response-source.js';

const EXCEPTIONS = definePatch({
  package: '@nestjs/core',
  target: 'ExceptionsHandler.prototype.next',
  gives:
    '`error` on the access log line: what was thrown, whatever an exception filter makes of it',
  without: 'access log lines of failed requests do not have the error',
  why: 'a filter of this package would change which filter of the application handles an error',
});
const EVENT_STREAMS = definePatch({
  package: '@nestjs/core',
  target: 'RouterResponseController.prototype.sse',
  gives: '`error` on the access log line of a stream of events that has failed',
  without: 'access log lines of failed streams of events do not have the error',
  why: 'no exception filter is called for a stream whose headers have been sent',
});
const REPLIES = definePatch({
  package: '@nestjs/core',
  target: 'HttpAdapter.reply',
  gives: '`error` on the access log line of a file that could not be read, or not to its end',
  without: 'access log lines of failed files do not have the error',
  why: 'no exception filter is called for the error of a stream',
});

type Next = (this: unknown, exception: unknown, host: ArgumentsHost) => unknown;
type Sse = (this: unknown, result: unknown, response: unknown, ...rest: unknown[]) => unknown;
type Reply = (this: unknown, response: unknown, body: unknown, status: unknown) => unknown;

interface ExceptionClasses {
  readonly ExceptionsHandler: { readonly prototype: { next: Next } };
}
interface ResponseClasses {
  readonly RouterResponseController: { readonly prototype: { sse: Sse } };
}

/**
 * Notes what reaches the exception filters of HTTP requests, before any of them is called: from
 * middleware, guards, pipes, interceptors, handlers and the platform, such as a body that cannot be
 * parsed. The filters are called as they would be otherwise.
 */
export async function noteThrownErrors(host: HttpAdapterHost): Promise<void> {
  const exceptions = await EXCEPTIONS.load<unknown>(
    () => import('@nestjs/core/exceptions/exceptions-handler.js'),
  );
  if (exceptions !== undefined) {
    const { ExceptionsHandler } = exceptions as Partial<ExceptionClasses>;
    EXCEPTIONS.method(ExceptionsHandler?.prototype, 'next', notingExceptions);
  }
  const responses = await EVENT_STREAMS.load<unknown>(
    () => import('@nestjs/core/router/router-response-controller.js'),
  );
  if (responses !== undefined) {
    const { RouterResponseController } = responses as Partial<ResponseClasses>;
    EVENT_STREAMS.method(RouterResponseController?.prototype, 'sse', notingEventStreams);
  }
  const watchReplies = (): void => {
    const adapter = host.httpAdapter as { reply?: Reply } | null | undefined;
    // An application without a server has an adapter without replies.
    if (typeof adapter?.reply === 'function') {
      REPLIES.methodOfInstance(adapter as { reply: Reply }, 'reply', notingFiles);
    }
  };
  watchReplies();
  host.init$?.subscribe(watchReplies);
}

function notingExceptions(next: Next): Next {
  return function (exception, host) {
    const request: unknown = host?.getArgByIndex?.(0);
    const trace = traceOf(request);
    if (trace === undefined) return next.call(this, exception, host);
    const reason = reasonOfRefusal(exception, request);
    // What was thrown before is shown as its cause.
    if (reason !== undefined) keepThrown(trace, reason);
    // Once the headers are sent, an error that comes later has not decided about the response.
    const isLate = areHeadersSent(host.getArgByIndex(1));
    if (!isLate || trace.thrown === undefined) keepThrown(trace, exception, isLate);
    try {
      return next.call(this, exception, host);
    } catch (error) {
      keepThrown(trace, error);
      throw error;
    }
  };
}

function notingEventStreams(sse: Sse): Sse {
  return function (result, response, ...rest) {
    const trace = traceOf(response);
    const noted = trace === undefined ? result : notingErrors(trace, result, response);
    return sse.call(this, noted, response, ...rest);
  };
}

/** An observable, or a promise of one, whose error is noted. Anything else stays as it is. */
function notingErrors(trace: Trace, result: unknown, response: unknown): unknown {
  if (result instanceof Promise) {
    return result.then((value) => notingErrors(trace, value, response));
  }
  if (!isObservable(result)) return result;
  return result.pipe(
    tap({ error: (error: unknown) => keepThrown(trace, error, areHeadersSent(response)) }),
  );
}

function notingFiles(reply: Reply): Reply {
  return function (response, body, status) {
    if (isFile(body)) {
      const trace = traceOf(response);
      if (trace !== undefined) noteFailures(trace, body.getStream(), response);
    }
    return reply.call(this, response, body, status);
  };
}

/** Whether a body is a `StreamableFile`, of whichever copy of NestJS. */
function isFile(body: unknown): body is { getStream(): unknown } {
  return (
    typeof body === 'object' &&
    body !== null &&
    typeof (body as { getStream?: unknown }).getStream === 'function'
  );
}
