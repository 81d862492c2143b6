import type { TracedApplication } from '../../context/traced-application.js';
import { definePatch } from '../patch.js';
import { isApollo, traceApollo, type ApolloOptions } from './apollo.js';
import { DRIVER_METHODS, isDriverClass, isDriverToken } from './provided-drivers.js';
import { traceErrors, traceSubscriptions, type MercuriusOptions } from './mercurius.js';
import { nameOperations, type Schema } from './operation-names.js';

const DRIVER = definePatch({
  package: '@nestjs/graphql',
  target: 'AbstractGraphQLDriver.start',
  gives: 'the operation and its errors on access log lines, and operations over WebSockets',
  without: 'GraphQL operations are not traced',
  why:
    'an endpoint is started with options that NestJS completes itself, and no hook comes between ' +
    'that and the start; the request hooks of version 14 do not cover WebSockets',
});

interface EndpointOptions extends ApolloOptions, MercuriusOptions {
  readonly schema?: Schema | null;
}

/** What `GraphQLModule` starts its endpoint with: a class of `@nestjs/apollo` and the like. */
interface Driver {
  start(options: EndpointOptions): Promise<unknown>;
}

/** Traces the GraphQL endpoints of an application. They have not started yet. */
export function attachGraphql(application: TracedApplication): void {
  for (const { providers } of application.modules.values()) {
    for (const [token, { metatype, instance }] of providers) {
      if (isDriverClass(metatype)) traceDriver(application, instance as Driver);
      else if (isDriverToken(token)) {
        DRIVER.unsupported(`a driver has not the methods ${DRIVER_METHODS.join(', ')}`);
      }
    }
  }
}

function traceDriver(application: TracedApplication, driver: Driver): void {
  DRIVER.methodOfInstance(driver, 'start', (start) => async (options) => {
    if (options.schema) nameOperations(options.schema, application.modules);
    if (isApollo(driver, options)) {
      return start.call(driver, await traceApollo(application, options));
    }
    return start.call(driver, traceSubscriptions(application, await traceErrors(options)));
  });
}
