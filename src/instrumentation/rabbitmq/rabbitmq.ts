import type { TracedApplication } from '../../context/traced-application.js';
import { definePatch } from '../patch.js';
import { hasMethods, ownerOf } from '../provided-class.js';
import type { ConsumingConnection } from './consuming.js';

const HANDLER_NAMES = definePatch({
  package: '@nestjs/core',
  target: 'ExternalContextCreator.prototype.create',
  gives: 'the name of the handler in access log lines of `@golevelup/nestjs-rabbitmq`',
  without: 'access log lines of `@golevelup/nestjs-rabbitmq` name no handler',
  why: 'the package gives a connection the handler without its class',
});

/** The kind of context in which the package runs its handlers. */
const CONTEXT_TYPE = 'rmq';

type Create = (instance: object, callback: Function, method: string, ...rest: unknown[]) => unknown;

/**
 * Finds the connections of `@golevelup/nestjs-rabbitmq` that an application provides, and traces
 * their class: by their tokens before they are made, and then by what they are.
 */
export async function traceRabbitmq({ modules }: TracedApplication): Promise<void> {
  const owners = new Set<object>();
  for (const { providers } of modules.values()) {
    for (const [token, { instance }] of providers) {
      const prototype: unknown = typeof token === 'function' ? token.prototype : undefined;
      if (isConnection(prototype)) owners.add(ownerOf(prototype, 'createRpc')!);
      if (isConnection(instance)) owners.add(ownerOf(instance, 'createRpc')!);
    }
  }
  if (owners.size === 0) return;
  const [{ NEEDED, nameRabbitHandler, traceConsuming }, { CONNECTION, tracePublishing }] =
    await Promise.all([import('./consuming.js'), import('./publishing.js')]);
  const lacks = (owner: object): string | undefined =>
    NEEDED.find((method) => !hasMethods(owner, method));
  const fitting = [...owners].filter(
    (owner) => lacks(owner) === undefined,
  ) as ConsumingConnection[];
  // One beside it that does not fit may be a test's.
  if (fitting.length === 0) CONNECTION.unsupported(`it has no \`${lacks([...owners][0]!)!}\``);
  for (const connection of fitting) {
    tracePublishing(connection);
    traceConsuming(connection);
  }
  await nameHandlers(nameRabbitHandler);
}

async function nameHandlers(note: (handler: unknown, name: string) => void): Promise<void> {
  const found = await HANDLER_NAMES.load<unknown>(
    () => import('@nestjs/core/helpers/external-context-creator.js'),
  );
  if (found === undefined) return;
  const { ExternalContextCreator } = found as {
    ExternalContextCreator?: { readonly prototype: { create: Create } };
  };
  HANDLER_NAMES.method(
    ExternalContextCreator?.prototype,
    'create',
    (create) =>
      function (this: unknown, instance, callback, method, ...rest) {
        const handler: unknown = create.call(this, instance, callback, method, ...rest);
        if (rest.includes(CONTEXT_TYPE)) note(handler, `${instance.constructor.name}.${method}`);
        return handler;
      },
  );
}

/** By what users call. */
function isConnection(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    hasMethods(value, 'createRpc', 'createSubscriber', 'publish', 'request')
  );
}
