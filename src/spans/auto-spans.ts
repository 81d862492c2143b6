import { EventEmitter } from 'node:events';
import { ApplicationConfig, ModuleRef, type ModulesContainer } from '@nestjs/core';
import { currentSpan, currentTrace } from '../context/trace-store.js';
import { guardCallback } from '../options/guard-callback.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import type { Trace } from '../trace/trace.js';
import { replaceMethod, SPANNED, type Method } from './replace-method.js';
import { runMethodSpan } from './run-span.js';

const AUTO = Symbol.for('nestjs-tracing.v1.auto-span');

/** A method that is a span in some applications. */
interface AutoMethod extends Method {
  [AUTO]?: { readonly original: Method; readonly policies: WeakSet<TracePolicy> };
}

/**
 * Deeper than this, methods just run: a span takes room on the stack, which one that calls itself
 * may need.
 */
const MAX_DEPTH = 100;

type Class = Function & { readonly prototype: object };

/** Of NestJS and of this package: what is in every application, and nobody's own code. */
const INNER_MODULES = new Set(['InternalCoreModule', 'TracingModule', 'ClsModule']);
/** Whatever is inherited from here on up belongs to the language, Node or NestJS. */
const FOREIGN = new Set<object>([Object.prototype, Error.prototype, EventEmitter.prototype]);

/**
 * Makes the methods of an application's controllers, providers, guards, pipes, interceptors and
 * filters spans. A class may serve several applications of one process, so its methods are changed
 * once, and ask the trace in which they are called whether it wants them.
 */
export function spanMethods(
  modules: ModulesContainer,
  { isAutoSpan, policy }: ResolvedTracingOptions,
): void {
  if (isAutoSpan === undefined) return;
  const span = guardCallback('spans.auto', (target: Class) =>
    spanMethodsOf(target, isAutoSpan, policy),
  );
  for (const target of classesOf(modules)) span(target);
}

function classesOf(modules: ModulesContainer): Set<Class> {
  const classes = new Set<Class>();
  for (const module of modules.values()) {
    if (INNER_MODULES.has(module.metatype.name)) continue;
    for (const wrappers of [module.controllers, module.providers, module.injectables]) {
      for (const { metatype, inject } of wrappers.values()) {
        // What has a list of dependencies is a factory.
        if (isClass(metatype) && !inject && metatype !== module.metatype) classes.add(metatype);
      }
    }
  }
  return classes;
}

function isClass(metatype: unknown): metatype is Class {
  if (typeof metatype !== 'function') return false;
  const prototype: unknown = metatype.prototype;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    metatype !== ApplicationConfig &&
    !(prototype instanceof ModuleRef)
  );
}

function spanMethodsOf(
  target: Class,
  isMeant: (name: string) => boolean,
  policy: TracePolicy,
): void {
  for (const [key, descriptor] of methodsOf(target)) {
    const name = `${target.name}.${key}`;
    if (!isMeant(name)) continue;
    const known = Object.hasOwn(target.prototype, key)
      ? (descriptor.value as AutoMethod)[AUTO]
      : undefined;
    if (known === undefined) {
      spanMethod(target, key, descriptor, name).add(policy);
    } else {
      known.policies.add(policy);
    }
  }
}

/** Its own methods and those that it inherits from classes that are not foreign. */
function methodsOf({ prototype }: Class): Map<string, PropertyDescriptor> {
  const methods = new Map<string, PropertyDescriptor>();
  const seen = new Set<string>(['constructor']);
  let owner: object | null = prototype;
  while (owner !== null && !FOREIGN.has(owner)) {
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      // A getter is never read, and what hides a method is no method.
      if (!seen.has(key) && isReplaceable(descriptor)) methods.set(key, descriptor);
      seen.add(key);
    }
    owner = Object.getPrototypeOf(owner) as object | null;
  }
  return methods;
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

/** A class that stands on a prototype is called with `new`. */
function isSyntaxClass(value: Function): boolean {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}

function spanMethod(
  { prototype }: Class,
  key: string,
  descriptor: PropertyDescriptor,
  name: string,
): WeakSet<TracePolicy> {
  const policies = new WeakSet<TracePolicy>();
  const original = originalOf(descriptor.value as Method);
  const isOwn = Object.hasOwn(prototype, key);
  replaceMethod(descriptor, () => {
    return function (...args) {
      // What is inherited is looked up when it is called: somebody may replace it up there.
      const method = isOwn ? original : inherited(prototype, key);
      const trace = currentTrace();
      if (trace === undefined || !policies.has(trace.policy) || isDeep(trace)) {
        return method.apply(this, args);
      }
      return runMethodSpan(name, () => method.apply(this, args));
    };
  });
  (descriptor.value as AutoMethod)[AUTO] = { original, policies };
  Object.defineProperty(prototype, key, descriptor);
  return policies;
}

function isDeep(trace: Trace): boolean {
  const span = currentSpan(trace);
  return span !== undefined && span.depth >= MAX_DEPTH;
}

function inherited(prototype: object, key: string): Method {
  return originalOf(Reflect.get(Object.getPrototypeOf(prototype) as object, key) as Method);
}

function originalOf(method: AutoMethod): Method {
  return method[AUTO]?.original ?? method;
}
