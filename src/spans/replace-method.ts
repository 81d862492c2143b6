/** Marks a method that has `@Span`: automatic spans leave it alone. */
export const SPANNED = Symbol.for('nestjs-tracing.v1.spanned');

/** A method of any class. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Replaces a method. The replacement gets the name, the number of parameters, the own properties
 * and the decorators' metadata of the original.
 */
export function replaceMethod(
  descriptor: PropertyDescriptor,
  replacementOf: (method: Method) => Method,
): void {
  const method = descriptor.value as Method | undefined;
  if (typeof method !== 'function') return;
  const replacement = replacementOf(method);
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(method));
  for (const key of Reflect.getOwnMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), replacement);
  }
  descriptor.value = replacement;
}
