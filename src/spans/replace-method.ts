/** Stands on a method that its author has made a span, and which is not made one again. */
export const SPANNED = Symbol.for('nestjs-tracing.v1.spanned');

/** A method of whatever class. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Puts another function in the place of a method. It looks like the one that it replaces: name,
 * number of parameters, own properties and the metadata that decorators put there.
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
