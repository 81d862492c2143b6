import type { ModulesContainer } from '@nestjs/core';
import { currentTrace } from '../../context/trace-store.js';
import type { Trace } from '../../trace/trace.js';

type Resolve = (
  source: unknown,
  args: unknown,
  context: unknown,
  info: ResolveInfo | undefined,
) => unknown;

/** What GraphQL.js tells a resolver of where it is. */
interface ResolveInfo {
  readonly operation?: { readonly name?: { readonly value?: unknown } };
}

interface Field {
  resolve?: Resolve | undefined;
  subscribe?: Resolve | undefined;
}

interface RootType {
  readonly name: string;
  getFields(): Record<string, Field>;
}

/** A schema of GraphQL.js, as far as its root types. */
export interface Schema {
  getQueryType(): RootType | null | undefined;
  getMutationType(): RootType | null | undefined;
  getSubscriptionType(): RootType | null | undefined;
}

const NAMED = Symbol.for('nestjs-tracing.v1.graphql-named');
// The metadata that NestJS puts on the methods of resolvers.
const TYPE_METADATA = 'graphql:resolver_type';
const NAME_METADATA = 'graphql:resolver_name';
/** Longer names of operations are nobody's. */
const MAX_NAME_LENGTH = 128;

/**
 * Lets the root fields of a schema tell the trace what is asked for, before their guards run: so
 * the finish line knows it of an operation that was refused as well.
 */
export function nameOperations(schema: Schema, modules: ModulesContainer): void {
  const handlers = handlersOf(modules);
  const name = (kind: string, type: RootType | null | undefined, key: 'resolve' | 'subscribe') => {
    for (const [fieldName, field] of Object.entries(type?.getFields() ?? {})) {
      const handler = handlers.get(`${kind}.${fieldName}`);
      // https://spec.graphql.org/September2025/#sec-Schema-Coordinates
      field[key] = naming(field[key], `${type?.name}.${fieldName}`, handler);
    }
  };
  name('Query', schema.getQueryType(), 'resolve');
  name('Mutation', schema.getMutationType(), 'resolve');
  name('Subscription', schema.getSubscriptionType(), 'subscribe');
}

function naming(
  resolve: (Resolve & { [NAMED]?: true }) | undefined,
  coordinate: string,
  handler: string | undefined,
): Resolve | undefined {
  // A schema may serve two endpoints.
  if (resolve === undefined || resolve[NAMED]) return resolve;
  const named: typeof resolve = function (this: unknown, source, args, context, info) {
    nameOperation(currentTrace(), coordinate, handler, info);
    return resolve.call(this, source, args, context, info);
  };
  named[NAMED] = true;
  return named;
}

/** The first field of an operation names it, and the first operation of a batch the request. */
function nameOperation(
  trace: Trace | undefined,
  pattern: string,
  handler: string | undefined,
  info: ResolveInfo | undefined,
): void {
  if (trace === undefined || trace.metadata.work?.pattern !== undefined) return;
  const name = info?.operation?.name?.value;
  const isName = typeof name === 'string' && name.length <= MAX_NAME_LENGTH;
  trace.metadata.work = {
    ...trace.metadata.work,
    pattern,
    graphql_operation: isName ? name : undefined,
  };
  if (handler !== undefined) trace.metadata.nameHandler?.(handler);
}

/** Which method answers a field: `Query.recipes` → `RecipesResolver.findAll`. */
function handlersOf(modules: ModulesContainer): Map<string, string> {
  const handlers = new Map<string, string>();
  for (const module of modules.values()) {
    for (const { metatype } of module.providers.values()) {
      if (typeof metatype === 'function') addHandlers(handlers, metatype);
    }
  }
  return handlers;
}

function addHandlers(handlers: Map<string, string>, resolver: Function): void {
  let prototype = resolver.prototype as object | null | undefined;
  while (prototype !== null && prototype !== undefined && prototype !== Object.prototype) {
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
      if (typeof method !== 'function') continue;
      const type: unknown = Reflect.getMetadata(TYPE_METADATA, method);
      if (typeof type !== 'string') continue;
      const name: unknown = Reflect.getMetadata(NAME_METADATA, method);
      const field = `${type}.${typeof name === 'string' ? name : key}`;
      if (!handlers.has(field)) handlers.set(field, `${resolver.name}.${key}`);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}
