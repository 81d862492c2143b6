import { ApplicationConfig } from '@nestjs/core';
import type { TracedApplication } from '../../context/traced-application.js';
import { loadOptional } from '../load-optional.js';
import { definePatch } from '../patch.js';
import { noteHandlerErrors } from './handler-errors.js';
import { noteHandlerNames } from './gateway-handler-names.js';
import { tracedAdapter, type Adapter } from './traced-adapter.js';

const ADAPTER = definePatch({
  package: '@nestjs/core',
  target: 'ApplicationConfig.getIoAdapter',
  gives: 'the contexts of WebSocket connections and messages, and a line for each message',
  without: 'WebSocket connections and messages are not traced',
  why:
    'an application has one WebSocket adapter, set by the application or by NestJS itself, and ' +
    'no hook in which it could be wrapped',
});

/** Traces the gateways of an application, whichever WebSocket adapter it uses. */
export async function prepareWebSockets(application: TracedApplication): Promise<void> {
  const isInstalled = await loadOptional('@nestjs/websockets', () => import('@nestjs/websockets'));
  if (isInstalled === undefined) return;
  if (!wrapAdapter(application)) return;
  await noteHandlerNames();
  await noteHandlerErrors();
}

/**
 * NestJS asks for the adapter whenever it is about to use it. So it makes no difference when the
 * application sets one, or whether it leaves the choice to NestJS.
 */
function wrapAdapter(application: TracedApplication): boolean {
  const config = ADAPTER.read('provider ApplicationConfig', () => configOf(application));
  if (config === undefined) return false;
  // An adapter may serve two applications, so each of them has wrappers of its own.
  const wrappers = new WeakMap<object, Adapter>();
  return ADAPTER.methodOfInstance(
    config as AdapterConfig,
    'getIoAdapter',
    (getIoAdapter) =>
      function (this: AdapterConfig) {
        const adapter = getIoAdapter.call(this) as Adapter | null | undefined;
        // None is set yet.
        if (typeof adapter !== 'object' || adapter === null) return adapter;
        let wrapper = wrappers.get(adapter);
        if (wrapper === undefined)
          wrappers.set(adapter, (wrapper = tracedAdapter(application, adapter)));
        return wrapper;
      },
  );
}

interface AdapterConfig {
  getIoAdapter(): Adapter | null | undefined;
}

/** NestJS provides the configuration of the application in each of its modules. */
function configOf({ modules }: TracedApplication): AdapterConfig | undefined {
  for (const { providers } of modules.values()) {
    const config: unknown = providers.get(ApplicationConfig)?.instance;
    if (config !== undefined && config !== null) return config as AdapterConfig;
  }
  return undefined;
}
