import type { TracePolicy } from '../trace/trace-policy.js';
import type { ClassOrigin } from './class-origin.js';
import { SPANNED, type Method } from './replace-method.js';

export const AUTO = Symbol.for('nestjs-tracing.v1.auto-span');

/** A method whose calls are spans in some applications. */
export interface AutoMethod extends Method {
  [AUTO]?: { readonly original: Method; readonly policies: WeakSet<TracePolicy> };
}

export type Class = Function & { readonly prototype: object };

/** Some classes, with all that they extend. */
export function withAncestors(classes: ReadonlySet<Class>): Set<Function> {
  const all = new Set<Function>();
  for (const target of classes) {
    for (const [, made] of prototypesOf(target)) {
      if (made !== undefined) all.add(made);
    }
  }
  return all;
}

/** The prototype of a class and those behind it, each with its class. */
function prototypesOf(target: Class): [prototype: object, made: Function | undefined][] {
  const found: [object, Function | undefined][] = [];
  let owner: object | null = target.prototype;
  let made: Function | undefined = target;
  while (owner !== null) {
    found.push([owner, made]);
    owner = Object.getPrototypeOf(owner) as object | null;
    made = owner === null ? undefined : makerOf(owner);
  }
  return found;
}

/**
 * The class of a prototype, without reading a getter. The `constructor` may be inherited by a prototype
 * that was assigned, or have been replaced.
 */
export function makerOf(prototype: object): Function | undefined {
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof maker !== 'function') return undefined;
  const made: unknown = Object.getOwnPropertyDescriptor(maker, 'prototype')?.value;
  return made === prototype ? maker : undefined;
}

/**
 * The methods of a class and of those that it extends, with who has written each. A method in place
 * of one of the language or of Node, such as `toString` or `_write`, is called by these and not by
 * the application, so it is left out.
 */
export function methodsOf(
  target: Class,
  origins: ReadonlyMap<Function, ClassOrigin>,
): [key: string, method: AutoMethod, origin: ClassOrigin][] {
  const methods: [string, AutoMethod, ClassOrigin][] = [];
  const seen = new Set<string>(['constructor']);
  let platform: object | undefined;
  let origin: ClassOrigin = 'application';
  for (const [owner, made] of prototypesOf(target)) {
    // A prototype without a class of its own was made for the one before it.
    origin = (made && origins.get(made)) ?? origin;
    if (origin === 'platform') {
      platform = owner;
      break;
    }
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      // A getter is never read. A member that hides an inherited method counts as seen.
      if (!seen.has(key) && isReplaceable(descriptor)) {
        methods.push([key, descriptor.value as AutoMethod, origin]);
      }
      seen.add(key);
    }
  }
  return methods.filter(([key]) => platform === undefined || !(key in platform));
}

/** Whether a member is a method that may be replaced. */
export function isReplaceable({ value, writable, configurable }: PropertyDescriptor): boolean {
  return (
    typeof value === 'function' &&
    writable === true &&
    configurable === true &&
    !(SPANNED in value) &&
    !isSyntaxClass(value)
  );
}

/** A class that is a property of a prototype is called with `new`. */
function isSyntaxClass(value: Function): boolean {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}
