import type { ModulesContainer } from '@nestjs/core';
import { definePatch } from '../instrumentation/patch.js';
import { sharedState } from '../records/shared-state.js';

const ENHANCERS = definePatch({
  package: '@nestjs/core',
  target:
    'createConcreteContext of GuardsContextCreator, PipesContextCreator, InterceptorsContextCreator and BaseExceptionFilterContext',
  gives: 'a span for each call of a guard, pipe, interceptor or filter that was given as an object',
  without:
    'calls of guards, pipes, interceptors and filters that were given as objects are no spans',
  why: 'NestJS lists only those that it has made itself',
});

/** Called with guards, pipes, interceptors and filters that were given as objects. */
type OnGiven = (instances: ReadonlySet<object>) => void;

const listeners = sharedState('given-enhancers', () => new WeakMap<ModulesContainer, OnGiven>());

type CreateConcrete = (this: Creator, metadata: unknown, ...rest: unknown[]) => unknown;

/** What NestJS makes the list of enhancers of a handler with. */
interface Creator {
  readonly container: { getModules(): unknown };
  readonly config?: unknown;
  createConcreteContext: CreateConcrete;
}

interface CreatorClass {
  readonly prototype: Creator;
}

const CREATORS: readonly (readonly [name: string, load: () => Promise<unknown>])[] = [
  ['GuardsContextCreator', () => import('@nestjs/core/guards/index.js')],
  ['PipesContextCreator', () => import('@nestjs/core/pipes/index.js')],
  ['InterceptorsContextCreator', () => import('@nestjs/core/interceptors/index.js')],
  [
    'BaseExceptionFilterContext',
    () => import('@nestjs/core/exceptions/base-exception-filter-context.js'),
  ],
];

/**
 * Calls back with the guards, pipes, interceptors and filters of an application that were given as
 * objects, as in `useGlobalGuards(new RolesGuard())`, before they are used.
 */
export async function onEnhancersGiven(
  modules: ModulesContainer,
  callback: OnGiven,
): Promise<void> {
  for (const [name, load] of CREATORS) {
    const loaded = await ENHANCERS.load(load);
    if (loaded === undefined) continue;
    const creator = (loaded as Readonly<Record<string, CreatorClass | undefined>>)[name];
    ENHANCERS.method(creator?.prototype, 'createConcreteContext', callBackBefore);
  }
  listeners.set(modules, callback);
}

/** Those that are known, so that a handler that is made for each request costs little. */
const seen = new WeakMap<OnGiven, WeakSet<object>>();

function callBackBefore(create: CreateConcrete): CreateConcrete {
  return function (metadata, ...rest) {
    const modules = ENHANCERS.read('container', () => this.container.getModules());
    const callback = listeners.get(modules as ModulesContainer);
    if (callback !== undefined && Array.isArray(metadata) && metadata.length > 0) {
      let known = seen.get(callback);
      if (known === undefined) seen.set(callback, (known = new WeakSet()));
      const given = new Set<object>();
      addGiven(metadata, known, given);
      // Those of the whole application are asked for together, as looking at classes takes time.
      if (given.size > 0) for (const list of globalLists(this.config)) addGiven(list, known, given);
      if (given.size > 0) callback(given);
    }
    return create.call(this, metadata, ...rest);
  };
}

function addGiven(list: unknown, known: WeakSet<object>, given: Set<object>): void {
  if (!Array.isArray(list)) return;
  for (const one of list as unknown[]) {
    // A class has an instance that NestJS makes.
    if (typeof one !== 'object' || one === null || known.has(one)) continue;
    known.add(one);
    given.add(one);
  }
}

const GLOBAL_LISTS = [
  'getGlobalGuards',
  'getGlobalPipes',
  'getGlobalInterceptors',
  'getGlobalFilters',
] as const;

function* globalLists(config: unknown): Generator {
  for (const name of GLOBAL_LISTS) {
    const get: unknown = Reflect.get(Object(config) as object, name);
    if (typeof get === 'function') yield Reflect.apply(get, config, []);
  }
}

const METADATA = ['__guards__', '__pipes__', '__interceptors__', '__exceptionFilters__'] as const;
const ARGUMENTS = '__routeArguments__';

/** The objects that decorators of a class, its methods and their parameters were given. */
export function givenByDecorators(target: Function): Set<object> {
  const known = new WeakSet<object>();
  const given = new Set<object>();
  for (const key of METADATA) addGiven(Reflect.getMetadata(key, target), known, given);
  let owner = target.prototype as object | null;
  for (
    ;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (typeof value !== 'function') continue;
      for (const key of METADATA) addGiven(Reflect.getMetadata(key, value), known, given);
      const parameters: unknown = Reflect.getMetadata(ARGUMENTS, target, name);
      for (const parameter of Object.values(Object(parameters) as object)) {
        addGiven((Object(parameter) as { pipes?: unknown }).pipes, known, given);
      }
    }
  }
  return given;
}
