import type { TracedApplication } from '../../context/unit-of-work.js';
import { traceApollo, type ApolloOptions } from './apollo.js';
import { nameOperations, type Schema } from './fields.js';
import { countErrorsOfMercurius, traceSubscriptions, type MercuriusOptions } from './mercurius.js';

interface EndpointOptions extends ApolloOptions, MercuriusOptions {
  readonly schema?: Schema | null;
}

/** How `GraphQLModule` starts its endpoint: one of the classes of `@nestjs/apollo` and the like. */
interface Driver {
  start(options: EndpointOptions): Promise<unknown>;
  /** Apollo's server, or Mercurius' Fastify. */
  readonly instance?: unknown;
  [TRACED]?: true;
}

const TRACED = Symbol.for('nestjs-tracing.v1.graphql-driver');

/** Finds the GraphQL endpoints of an application before they start. */
export function attachGraphql(host: TracedApplication): void {
  for (const { metatype, providers } of host.modules.values()) {
    if (metatype.name !== 'GraphQLModule') continue;
    for (const [token, { instance }] of providers) {
      const isDriver = typeof token === 'function' && token.name === 'AbstractGraphQLDriver';
      if (isDriver) traceDriver(host, instance as Driver);
    }
  }
}

function traceDriver(host: TracedApplication, driver: Driver): void {
  if (driver[TRACED]) return;
  driver[TRACED] = true;
  const { start } = driver;
  driver.start = async (options) => {
    if (options.schema) nameOperations(options.schema, host.modules);
    if (isA(driver, 'ApolloBaseDriver')) {
      return start.call(driver, await traceApollo(host, options));
    }
    const result = await start.call(driver, traceSubscriptions(host, options));
    countErrorsOfMercurius(driver.instance);
    return result;
  };
}

function isA(driver: object, name: string): boolean {
  let prototype: object | null = Object.getPrototypeOf(driver) as object | null;
  while (prototype !== null && prototype.constructor.name !== name) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype !== null;
}
