/** What NestJS registers for a pattern. Of an event it calls the first, and that calls the next. */
export type Handler = ((...args: unknown[]) => unknown) & { next?: Handler | undefined };

const originals = new WeakMap<Handler, Handler>();

/**
 * Lets a function stand for a handler. NestJS hangs the next handler of an event on what was
 * registered, but looks for it on its own function. It finds the next one there as NestJS made it:
 * however many handlers an event has, it is one delivery.
 */
export function chainAs(handler: Handler, traced: (...args: unknown[]) => unknown): Handler {
  let next: Handler | undefined;
  originals.set(traced, handler);
  return Object.defineProperty(traced, 'next', {
    get: () => next,
    set(following: Handler) {
      next = following;
      handler.next = originals.get(following) ?? following;
    },
  });
}
