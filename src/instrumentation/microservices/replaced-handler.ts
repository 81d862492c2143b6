/** A handler as NestJS registers it for a pattern, with properties that NestJS sets on it. */
export type Handler = (...args: unknown[]) => unknown;

const originals = new WeakMap<object, Handler>();
const replacements = new WeakMap<object, Handler>();

/**
 * Puts a function in the place of a handler. What NestJS reads and sets on it, it reads and sets on
 * the handler.
 *
 * NestJS chains the handlers of one event by such a property: it calls the first one, which calls
 * the next. The handler finds the next one as NestJS made it and not its replacement, so that an
 * event with several handlers is one delivery with one access log line.
 */
export function replaceHandler(handler: Handler, replacement: Handler): Handler {
  const replaced = new Proxy(handler, {
    apply: (_handler, self, args: unknown[]) => Reflect.apply(replacement, self, args),
    get: (target, key) => swap(Reflect.get(target, key), replacements),
    set: (target, key, value) => Reflect.set(target, key, swap(value, originals)),
  });
  originals.set(replaced, handler);
  replacements.set(handler, replaced);
  return replaced;
}

function swap(value: unknown, others: WeakMap<object, Handler>): unknown {
  return typeof value === 'function' ? (others.get(value) ?? value) : value;
}
