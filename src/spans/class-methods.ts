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
  for (const { prototype } of classes) {
    for (const owner of prototypesOf(prototype)) {
      const made = makerOf(owner);
      if (made !== undefined) all.add(made);
    }
  }
  return all;
}

/** A prototype and those behind it. */
function prototypesOf(prototype: object): object[] {
  const found: object[] = [];
  let owner: object | null = prototype;
  while (owner !== null) {
    found.push(owner);
    owner = Object.getPrototypeOf(owner) as object | null;
  }
  return found;
}

/** The class of a prototype, without reading a getter. */
function makerOf(prototype: object): Function | undefined {
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof maker === 'function' ? maker : undefined;
}

/**
 * The methods of a class and of those that it extends, with who has written each. A method in place
 * of one of the language or of Node, such as `toString` or `_write`, is called by these and not by
 * the application, so it is left out.
 */
export function methodsOf(
  { prototype }: Class,
  origins: ReadonlyMap<Function, ClassOrigin>,
): [key: string, method: AutoMethod, origin: ClassOrigin][] {
  const methods: [string, AutoMethod, ClassOrigin][] = [];
  const seen = new Set<string>(['constructor']);
  let platform: object | undefined;
  let origin: ClassOrigin = 'application';
  for (const owner of prototypesOf(prototype)) {
    const made = makerOf(owner);
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

function isReplaceable({ value, writable, configurable }: PropertyDescriptor): boolean {
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
