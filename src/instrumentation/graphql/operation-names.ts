import type { ModulesContainer } from '@nestjs/core';
import { currentTrace } from '../../context/active-trace.js';
import type { Trace } from '../../trace/trace.js';
import { definePatch } from '../patch.js';

type Resolve = (
  source: unknown,
  args: unknown,
  context: unknown,
  info: ResolveInfo | undefined,
) => unknown;

/** What a resolver is given about the operation that it runs in. */
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

/** The root types of a GraphQL.js schema. */
export interface Schema {
  getQueryType(): RootType | null | undefined;
  getMutationType(): RootType | null | undefined;
  getSubscriptionType(): RootType | null | undefined;
}

const FIELDS = definePatch({
  package: 'graphql',
  target: 'GraphQLField.resolve',
  gives: 'the operation, the field and the handler on access log lines, for refused operations too',
  without: 'access log lines do not name GraphQL operations',
  why: 'GraphQL.js has no hook around the root fields of an operation',
});

// The metadata that NestJS puts on the methods of resolvers.
const TYPE_METADATA = 'graphql:resolver_type';
const NAME_METADATA = 'graphql:resolver_name';
/** Operations with a longer name are logged without it. */
const MAX_NAME_LENGTH = 128;

/**
 * Has the root fields of a schema name the operation, before their guards run: so the access log
 * line of an operation that a guard refuses names it too.
 */
export function nameOperations(schema: Schema, modules: ModulesContainer): void {
  const handlers = handlersOf(modules);
  const types = [
    ['Query', () => schema.getQueryType(), 'resolve'],
    ['Mutation', () => schema.getMutationType(), 'resolve'],
    ['Subscription', () => schema.getSubscriptionType(), 'subscribe'],
  ] as const;
  for (const [kind, typeOf, key] of types) {
    const root = FIELDS.read(`${kind} type`, () => fieldsOf(typeOf()));
    for (const [fieldName, field] of Object.entries(root?.fields ?? {})) {
      // https://spec.graphql.org/September2025/#sec-Schema-Coordinates
      traceField(field, key, `${root?.name}.${fieldName}`, handlers.get(`${kind}.${fieldName}`));
    }
  }
}

/** Nothing is missing where a schema has no such type. */
function fieldsOf(type: RootType | null | undefined): {
  readonly name: string;
  readonly fields: Readonly<Record<string, Field>>;
} {
  return { name: type?.name ?? '', fields: type?.getFields() ?? {} };
}

function traceField(
  field: Field,
  key: 'resolve' | 'subscribe',
  coordinate: string,
  handler: string | undefined,
): void {
  // GraphQL.js reads the property of its source where a field has no function.
  if (field[key] === undefined || field[key] === null) return;
  FIELDS.methodOfInstance(
    field,
    key,
    (resolve) =>
      function (this: unknown, source, args, context, info) {
        nameOperation(currentTrace(), coordinate, handler, info);
        return resolve.call(this, source, args, context, info);
      },
  );
}

/** The first field of an operation names it, and the first operation of a batch the request. */
function nameOperation(
  trace: Trace | undefined,
  pattern: string,
  handler: string | undefined,
  info: ResolveInfo | undefined,
): void {
  if (trace === undefined) return;
  const { metadata } = trace;
  if (metadata.work?.pattern !== undefined) {
    const other = handler ?? pattern;
    // An operation may ask for a field any number of times, under other names.
    if (handler !== metadata.handler && metadata.otherHandlers?.includes(other) !== true) {
      (metadata.otherHandlers ??= []).push(other);
    }
    return;
  }
  const name = info?.operation?.name?.value;
  const isName = typeof name === 'string' && name.length <= MAX_NAME_LENGTH;
  metadata.work = {
    ...metadata.work,
    pattern,
    graphql_operation: isName ? name : undefined,
  };
  if (handler !== undefined) metadata.nameHandler?.(handler);
}

/** The methods that resolve fields, by field: `Query.recipes` → `RecipesResolver.findAll`. */
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
