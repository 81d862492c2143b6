import type { ModulesContainer } from '@nestjs/core';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';
import { MIDDLEWARE_METHOD } from './middleware-span.js';

const MIDDLEWARES = definePatch({
  package: '@nestjs/core',
  target: 'MiddlewareModule.prototype.registerMiddleware',
  gives: 'a span for each call of a middleware that `spans.auto` names',
  without: 'calls of middlewares are spans only where these are providers too',
  why: 'NestJS has no hook between `configure` of all modules and the registration of middlewares',
});

/** What is done before the middlewares of an application are registered. */
const waiting = sharedState('middleware-spans', () => new WeakMap<ModulesContainer, () => void>());

type Register = (this: { container: { getModules(): unknown } }, ...args: unknown[]) => unknown;

interface MiddlewareModules {
  readonly MiddlewareModule: { readonly prototype: { registerMiddleware: Register } };
}

/** Calls back when the classes of all middlewares of an application are known, before they are used. */
export async function onMiddlewaresKnown(
  modules: ModulesContainer,
  callback: () => void,
): Promise<void> {
  const loaded = await MIDDLEWARES.load<unknown>(
    () => import('@nestjs/core/middleware/middleware-module.js'),
  );
  if (loaded === undefined) return;
  const { MiddlewareModule } = loaded as Partial<MiddlewareModules>;
  if (MIDDLEWARES.method(MiddlewareModule?.prototype, 'registerMiddleware', callBackBefore)) {
    waiting.set(modules, callback);
  }
}

function callBackBefore(register: Register): Register {
  return function (...args) {
    const modules = MIDDLEWARES.read('container', () => this.container.getModules());
    waiting.get(modules as ModulesContainer)?.();
    return register.apply(this, args);
  };
}

/**
 * The class that the application wrote. With `exclude()`, NestJS derives a nameless one from it and
 * gives that the same name; it checks the route first, which is not a call of the middleware.
 */
export function writtenClass(middleware: Function): Function {
  const { prototype } = middleware as { prototype?: object };
  const base = Object.getPrototypeOf(middleware) as Function | null;
  const isDerived =
    typeof base === 'function' &&
    base.name === middleware.name &&
    /^class\s+extends\b/.test(Function.prototype.toString.call(middleware)) &&
    prototype !== undefined &&
    Object.getOwnPropertyNames(prototype).every((key) => DERIVED_MEMBERS.has(key));
  return isDerived ? base : middleware;
}

const DERIVED_MEMBERS: ReadonlySet<string> = new Set(['constructor', MIDDLEWARE_METHOD]);
