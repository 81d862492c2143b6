import { ApplicationConfig, ModuleRef, type ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { currentSpan, currentTrace } from '../context/active-trace.js';
import { definePatch } from '../instrumentation/patch.js';
import { guardCallback } from '../options/guard-callback.js';
import type { AutoSpanFilter } from '../options/auto-span-filter.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import type { TracePolicy } from '../trace/trace-policy.js';
import type { Trace } from '../trace/trace.js';
import {
  AUTO,
  makerOf,
  methodsOf,
  isReplaceable,
  withAncestors,
  type AutoMethod,
  type Class,
} from './class-methods.js';
import { classNameOf, nameClasses } from './class-names.js';
import { originsOf, type ClassOrigin } from './class-origin.js';
import { givenByDecorators, onEnhancersGiven } from './given-enhancers.js';
import { onMiddlewaresKnown, writtenClass } from './middleware-classes.js';
import { isMiddlewareCall, MIDDLEWARE_METHOD, runMiddlewareSpan } from './middleware-span.js';
import { replaceMethod, type Method } from './replace-method.js';
import { runAutoSpan } from './run-span.js';

const AUTO_SPANS = definePatch({
  package: 'the application',
  target: 'methods of controllers, providers, guards, pipes, interceptors, filters and middlewares',
  gives: 'a span for each call of a method that `spans.auto` names',
  without: 'their calls are not spans',
  why: 'NestJS has no hook around a call of a provider',
});

/**
 * At a greater depth, methods just run: a span takes space on the stack, which a method that calls
 * itself may need.
 */
const MAX_DEPTH = 100;

/** Modules of NestJS and of this package that are in every application. */
const INNER_MODULES = new Set(['InternalCoreModule', 'TracingModule', 'ClsModule']);
/**
 * What NestJS calls on a class by its role, which a class may inherit from a package, and how an
 * object without a class is named.
 */
const ROLES: ReadonlyMap<string, string> = new Map([
  ['canActivate', 'Guard'],
  ['transform', 'Pipe'],
  ['intercept', 'Interceptor'],
  ['catch', 'Filter'],
  [MIDDLEWARE_METHOD, 'Middleware'],
]);

/**
 * Makes calls of the methods of an application's controllers, providers, guards, pipes,
 * interceptors, filters and middlewares spans. A class may serve several applications of one process, so a
 * method is replaced once and checks at each call which application the trace belongs to. The
 * methods are restored when the last application closes.
 */
export async function spanMethods(
  modules: ModulesContainer,
  { isAutoSpan, policy }: ResolvedTracingOptions,
): Promise<void> {
  if (isAutoSpan === undefined) return;
  const undo: (() => void)[] = [];
  const inner = new Set<unknown>();
  const span = guardCallback('spans.auto', (classes: ReadonlySet<Class>) => {
    const all = withAncestors(classes);
    const origins = originsOf(all);
    nameClasses(all);
    for (const target of classes) {
      if (!inner.has(target)) spanMethodsOf(target, isAutoSpan, policy, origins, undo);
    }
  });
  const spanGiven = guardCallback('spans.auto', (instances: ReadonlySet<object>) => {
    for (const instance of instances) {
      if (!inner.has(classOfInstance(instance))) spanOwnRoles(instance, isAutoSpan, policy, undo);
    }
  });
  const classes = classesOf(modules);
  const given = new Set([...classes].flatMap((target) => [...givenByDecorators(target)]));
  for (const one of innerClassesOf(modules)) inner.add(one);
  span(new Set([...classes, ...classesOfInstances(given)]));
  spanGiven(given);
  AUTO_SPANS.noteApplied(() => {
    for (const restore of undo.toReversed()) restore();
  });
  await onEnhancersGiven(modules, (instances) => {
    span(classesOfInstances(instances));
    spanGiven(instances);
  });
  await onMiddlewaresKnown(modules, () => span(middlewaresOf(modules)));
}

function classesOfInstances(instances: ReadonlySet<object>): Set<Class> {
  const classes = new Set<Class>();
  for (const instance of instances) {
    const made = classOfInstance(instance);
    if (made !== undefined) classes.add(made);
  }
  return classes;
}

/** The class that an object is an instance of; `undefined` for a plain object. */
function classOfInstance(instance: object): Class | undefined {
  const prototype = Object.getPrototypeOf(instance) as object | null;
  if (prototype === null || prototype === Object.prototype) return undefined;
  return makerOf(prototype) as Class | undefined;
}

/** The classes of this package, of NestJS's own modules and of `nestjs-cls`. */
function innerClassesOf(modules: ModulesContainer): Set<unknown> {
  const classes = new Set<unknown>();
  for (const inner of modules.values()) {
    if (!INNER_MODULES.has(inner.metatype.name)) continue;
    for (const wrappers of [inner.providers, inner.injectables]) {
      for (const { metatype } of wrappers.values()) if (isClass(metatype)) classes.add(metatype);
    }
  }
  return classes;
}

function* applicationModules(modules: ModulesContainer): Generator<Module> {
  for (const module of modules.values()) {
    if (!INNER_MODULES.has(module.metatype.name)) yield module;
  }
}

function middlewaresOf(modules: ModulesContainer): Set<Class> {
  const classes = new Set<Class>();
  for (const { middlewares } of applicationModules(modules)) {
    for (const { metatype } of middlewares?.values() ?? []) {
      const target = typeof metatype === 'function' ? writtenClass(metatype) : undefined;
      if (isClass(target)) classes.add(target);
    }
  }
  return classes;
}

function classesOf(modules: ModulesContainer): Set<Class> {
  const classes = new Set<Class>();
  for (const module of applicationModules(modules)) {
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
  isMeant: AutoSpanFilter,
  policy: TracePolicy,
  origins: ReadonlyMap<Function, ClassOrigin>,
  undo: (() => void)[],
): void {
  const className = classNameOf(target);
  for (const [key, method, origin] of methodsOf(target, origins)) {
    const name = `${className}.${key}`;
    if (!isMeant(name, origin === 'package' && !ROLES.has(key))) continue;
    const known = Object.hasOwn(target.prototype, key) ? method[AUTO] : undefined;
    if (known === undefined) {
      undo.push(spanMethod(target.prototype, key, name, policy));
    } else {
      known.policies.add(policy);
    }
  }
}

/**
 * The same for what an object has itself: a member that is a function, as in
 * `{ canActivate: () => true }`, or in a class whose method is a property.
 */
function spanOwnRoles(
  instance: object,
  isMeant: AutoSpanFilter,
  policy: TracePolicy,
  undo: (() => void)[],
): void {
  const made = classOfInstance(instance);
  for (const [key, role] of ROLES) {
    const own = Object.getOwnPropertyDescriptor(instance, key);
    if (own === undefined || !isReplaceable(own)) continue;
    const name = `${made === undefined ? role : classNameOf(made)}.${key}`;
    if (!isMeant(name, false)) continue;
    const known = (own.value as AutoMethod)[AUTO];
    if (known === undefined) undo.push(spanMethod(instance, key, name, policy));
    else known.policies.add(policy);
  }
}

/** Replaces a method of a prototype or an object, and returns what restores it. */
function spanMethod(prototype: object, key: string, name: string, policy: TracePolicy): () => void {
  const policies = new WeakSet<TracePolicy>([policy]);
  const own = Object.getOwnPropertyDescriptor(prototype, key);
  const descriptor = own === undefined ? inheritedDescriptor(prototype, key) : { ...own };
  const original = originalOf(descriptor.value as Method);
  replaceMethod(descriptor, () => {
    return function (...args) {
      // An inherited method is looked up when it is called: it may have been replaced up there.
      const method = own === undefined ? inherited(prototype, key) : original;
      const trace = currentTrace();
      if (trace === undefined || !policies.has(trace.policy) || isDeep(trace)) {
        return method.apply(this, args);
      }
      const minMs = trace.policy.minAutoSpanMs;
      if (key === MIDDLEWARE_METHOD && isMiddlewareCall(args)) {
        return runMiddlewareSpan({ name, minMs }, args, (wrapped) => method.apply(this, wrapped));
      }
      return runAutoSpan(name, minMs, () => method.apply(this, args));
    };
  });
  const replacement = descriptor.value as AutoMethod;
  replacement[AUTO] = { original, policies };
  Object.defineProperty(prototype, key, descriptor);
  return () => {
    // Code that has replaced it since calls ours, so it has to stay.
    if (Object.getOwnPropertyDescriptor(prototype, key)?.value !== replacement) return;
    if (own === undefined) Reflect.deleteProperty(prototype, key);
    else Object.defineProperty(prototype, key, own);
  };
}

function inheritedDescriptor(prototype: object, key: string): PropertyDescriptor {
  let owner = Object.getPrototypeOf(prototype) as object;
  while (!Object.hasOwn(owner, key)) owner = Object.getPrototypeOf(owner) as object;
  return Object.getOwnPropertyDescriptor(owner, key)!;
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
