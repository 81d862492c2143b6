import { types } from 'node:util';
import { guardCallback } from './guard-callback.js';
import type { TracingModuleOptions } from './tracing-options.js';

/** Returns the fields that the application has for a request; `undefined` for none. */
export type Enrich = (request: object) => Readonly<Record<string, unknown>> | undefined;

/** The user's function, whose mistakes cost a warning and no request; `undefined` where there is none. */
export function enrichWith(enrich: TracingModuleOptions['enrich']): Enrich | undefined {
  if (enrich === undefined) return undefined;
  return guardCallback('enrich', (request: object) => {
    const fields: unknown = enrich(request);
    if (fields === undefined || fields === null) return undefined;
    if (typeof fields !== 'object' || types.isPromise(fields)) {
      throw new TypeError('it has to return an object of fields, and not a promise of one');
    }
    return fields as Readonly<Record<string, unknown>>;
  });
}
