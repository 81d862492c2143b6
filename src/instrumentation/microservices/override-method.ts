/** Any function, as a method that is replaced. */
export type AnyMethod = (...args: unknown[]) => unknown;

/**
 * An object of which one method is another one. Whatever else is asked of it, the object answers
 * itself, private fields and all; it is not changed, for it may be somebody's who uses it elsewhere.
 */
export function withMethod<T extends object>(target: T, name: keyof T, method: AnyMethod): T {
  return new Proxy(target, {
    get(object, key) {
      if (key === name) return method;
      const value: unknown = Reflect.get(object, key, object);
      const isMethod = typeof value === 'function' && key !== 'constructor';
      return isMethod ? (value as AnyMethod).bind(object) : value;
    },
  });
}
