import type { IncomingMessage, ServerResponse } from 'node:http';
import { AbstractHttpAdapter } from '@nestjs/core';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';
import { runBeforeEarlierRoutes } from './earlier-routes.js';
import { isTraced, type RequestTracer } from './request-tracer.js';

const REQUEST_HOOK = definePatch({
  package: '@nestjs/core',
  target: 'HttpAdapter.setOnRequestHook, HttpAdapter.onRequestHook',
  gives: 'a trace for each HTTP request, before body parsing and every middleware',
  without: 'a request hook that was set before tracing does not run',
  why: '`setOnRequestHook` is public, but it has room for one hook and cannot be read',
});

type Done = (error?: Error) => void;
type RequestHook = (this: unknown, request: Raw, response: Raw, done: Done) => unknown;
type SetRequestHook = (this: unknown, hook: RequestHook) => void;

/** What a platform passes to its hook: Node's own object, or one that holds it as `raw`. */
type Raw = object & { raw?: object };

interface AdapterWithHook {
  /** Where the adapters of Express and Fastify keep the hook. */
  readonly onRequestHook?: RequestHook;
  setOnRequestHook: SetRequestHook;
}

/**
 * Answers a request in the place of the application, before it is traced. Returns whether it does.
 *
 * @param reply the platform's object for the response.
 */
export type AnswerFirst = (
  request: IncomingMessage,
  response: ServerResponse,
  reply: object,
) => boolean;

/** What answers first in an adapter. */
interface First {
  answer: AnswerFirst | undefined;
}

/** By the adapter that the hook is installed in. */
const firsts = sharedState('answers-first', () => new WeakMap<object, First>());

/**
 * Lets a function answer requests before they are traced: for a page of the library's own.
 *
 * @returns whether the request hook is installed in this adapter.
 */
export function answerFirst(adapter: object, answer: AnswerFirst): boolean {
  const first = firsts.get(adapter);
  if (first === undefined) return false;
  const { answer: earlier } = first;
  first.answer =
    earlier === undefined ? answer : (...request) => earlier(...request) || answer(...request);
  return true;
}

/** Whether an adapter has a request hook. The base class has the setter, which does nothing. */
function hasRequestHook(adapter: object): adapter is AdapterWithHook {
  const { setOnRequestHook } = adapter as Partial<AdapterWithHook>;
  return (
    typeof setOnRequestHook === 'function' &&
    setOnRequestHook !== AbstractHttpAdapter.prototype.setOnRequestHook
  );
}

/**
 * Sets the tracer as an adapter's request hook, where it runs before body parsing, CORS, routing
 * and every middleware. An adapter has one hook, so another one, set before or later, is chained:
 * it runs behind the tracer, in the request's context.
 *
 * @returns whether the adapter has such a hook.
 */
export function installRequestHook(adapter: object, tracer: RequestTracer): boolean {
  if (!hasRequestHook(adapter)) return false;
  // A module that is imported twice gets here twice: the second time, nothing is wrapped.
  return REQUEST_HOOK.methodOfInstance(adapter, 'setOnRequestHook', (setHook) => {
    let inner = hookOf(adapter);
    const first: First = { answer: undefined };
    // Their request hook has not run yet.
    const tracedEarlier = new WeakSet<object>();
    firsts.set(adapter, first);
    const hook: RequestHook = function (request, response, done) {
      const raw = (request.raw ?? request) as IncomingMessage;
      const rawResponse = (response.raw ?? response) as ServerResponse;
      if (first.answer?.(raw, rawResponse, response) === true) return undefined;
      // A hook that was set later may call this one, which it found in the adapter.
      if (isTraced(raw)) {
        return inner !== undefined && tracedEarlier.delete(raw)
          ? inner.call(this, request, response, done)
          : done();
      }
      const next = inner === undefined ? done : inner.bind(this, request, response, done);
      return tracer.run(raw, rawResponse, request, next);
    };
    setHook.call(adapter, hook);
    // Only now: the adapters of NestJS 11 have no such property until a hook is set.
    if (hookOf(adapter) === undefined) REQUEST_HOOK.unsupported('it has no `onRequestHook`');
    runBeforeEarlierRoutes(adapter, (request, response, next) => {
      if (first.answer?.(request, response, response) === true) return;
      if (!isTraced(request)) tracedEarlier.add(request);
      tracer.run(request, response, request, next);
    });
    return (later) => {
      inner = later;
    };
  });
}

/** The hook that an adapter has, where it keeps it as expected. */
function hookOf(adapter: AdapterWithHook): RequestHook | undefined {
  const hook: unknown = adapter.onRequestHook;
  return typeof hook === 'function' ? (hook as RequestHook) : undefined;
}
