/** Any function, as a method that is overridden. */
export type AnyMethod = (...args: unknown[]) => unknown;

/**
 * A view of an object in which one method is another one. The object itself does not change, because
 * the application may use it elsewhere too: a serializer for two clients, a strategy for two
 * applications. All other methods run on the object, so its private fields work.
 */
export function overrideMethod<T extends object>(target: T, name: keyof T, method: AnyMethod): T {
  return new Proxy(target, {
    get(object, key) {
      if (key === name) return method;
      const value: unknown = Reflect.get(object, key, object);
      const isMethod = typeof value === 'function' && key !== 'constructor';
      return isMethod ? (value as AnyMethod).bind(object) : value;
    },
  });
}
