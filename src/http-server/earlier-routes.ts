import type { IncomingMessage, ServerResponse } from 'node:http';
import { definePatch } from '../instrumentation/patch.js';

const EARLIER = definePatch({
  package: 'express',
  target: 'router.stack of an application that was handed to the adapter',
  gives: 'a trace for requests to the routes and middleware that it had before NestJS',
  without: 'requests that they answer are not traced',
  why: 'Express adds a layer behind those that are there, and NestJS its request hook too',
});

type RunInFront = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;

interface Layer {
  readonly handle?: unknown;
}

interface ExpressLike {
  readonly router?: { readonly stack?: Layer[] };
  use?(layer: RunInFront): unknown;
}

/** The layer in which the adapter calls its request hook has no name: by what it reads. */
const HOOK_NAME = 'onRequestHook';

/**
 * Runs a function in front of the routes and middleware that an Express application had before it
 * was handed to the adapter. Where there are none, nothing is changed.
 */
export function runBeforeEarlierRoutes(adapter: object, run: RunInFront): void {
  const { getType, getInstance } = adapter as { getType?(): string; getInstance?(): unknown };
  if (getType?.call(adapter) !== 'express') return;
  const instance = Object(getInstance?.call(adapter)) as ExpressLike;
  const stack = instance.router?.stack;
  if (!Array.isArray(stack) || typeof instance.use !== 'function') return;
  const earlier = stack.findIndex(
    ({ handle }) => typeof handle === 'function' && String(handle).includes(HOOK_NAME),
  );
  if (earlier <= 0) return;
  const length = stack.length;
  instance.use((request, response, next) => run(request, response, next));
  const layer = stack[length];
  if (layer === undefined) return EARLIER.unsupported('`use` adds no layer to it');
  stack.unshift(...stack.splice(length, 1));
  EARLIER.noteApplied(() => {
    const at = stack.indexOf(layer);
    if (at !== -1) stack.splice(at, 1);
  });
}
