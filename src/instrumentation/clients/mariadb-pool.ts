import { active } from '../../context/active-trace.js';
import { originOfCall, type ClientCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import { inCallersContext } from './caller-context.js';
import {
  openCall,
  waiting,
  type CallParameters,
  type Methods,
  type ServerOptions,
} from './mariadb-command.js';
import { settledCallback, type Callback } from './settled-callbacks.js';

export const POOL = definePatch({
  package: 'mariadb',
  target: 'Pool.prototype',
  gives: 'the request to which a query of a pool belongs, and the time that it waits',
  without: 'queries through pools are not steps',
  why: 'a pool calls back in the context of the request that releases the connection',
});

export type PoolMethods = Methods<'getConnection'> & Partial<Methods<'_handleRelease'>>;

export function tracePool(pool: PoolMethods, hasPoolCalls: boolean): boolean {
  // With which the pool undoes a transaction that was left open: that is no step either.
  if ('_handleRelease' in pool) {
    POOL.method(
      pool as Methods<'_handleRelease'>,
      '_handleRelease',
      (original) =>
        function (...args: unknown[]) {
          if (active.getStore() === undefined) return original.apply(this, args);
          const bound = args.map(inCallersContext);
          return active.run(undefined, () => original.apply(this, bound));
        },
    );
  }
  return POOL.method(
    pool,
    'getConnection',
    (original) =>
      function (...args: unknown[]) {
        const [parameters] = args as [CallParameters | undefined];
        const { connOptions } = (this as { opts?: { connOptions?: ServerOptions } }).opts ?? {};
        let call: ClientCall | undefined;
        if (hasPoolCalls && typeof parameters === 'object' && parameters?.sql !== undefined) {
          call = openCall(originOfCall('databases'), parameters.sql, connOptions);
          if (call !== undefined) waiting.set(parameters, call);
        }
        const settle = (error: unknown): void => {
          if (error) call?.fail(error);
        };
        const at = args.findIndex((arg) => typeof arg === 'function');
        // Outside a trace too: a caller that waits is called back in the context of a request.
        if (at >= 0) args[at] = settledCallback(args[at] as Callback, settle);
        const result: unknown = original.apply(this, args);
        // Up to version 3.3 it returns a promise.
        if (call !== undefined && result instanceof Promise) result.catch(settle);
        return result;
      },
  );
}
