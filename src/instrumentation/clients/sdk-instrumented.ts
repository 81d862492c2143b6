import { hasSdk } from '../../options/sdk-detection.js';

/**
 * Whether an OpenTelemetry SDK is registered and an instrumentation of it has wrapped one of these
 * methods: its spans record the calls then, and those of a patch would be there twice. It has to be
 * asked for each call, because an application may start its SDK after NestJS, and stop it.
 *
 * OpenTelemetry's instrumentations mark what they wrap. A patch of ours that is made on top of one
 * has the same marks, as it takes over the properties of what it replaces; so it makes no difference
 * which of the two comes first.
 *
 * @param owner the object that the driver itself calls the methods on, such as a prototype.
 *
 * @example
 * if (isInstrumentedBySdk(Client.prototype, 'query')) return query.apply(this, args);
 *
 * @see https://github.com/open-telemetry/opentelemetry-js/blob/main/experimental/packages/opentelemetry-instrumentation/src/shimmer.ts
 */
export function isInstrumentedBySdk(
  owner: object | undefined,
  ...methods: readonly string[]
): boolean {
  if (owner === undefined || !hasSdk()) return false;
  for (const name of methods) if (isWrapped(Reflect.get(owner, name))) return true;
  return false;
}

function isWrapped(method: unknown): boolean {
  if (typeof method !== 'function') return false;
  const { __wrapped, __original, __unwrap } = method as {
    readonly __wrapped?: unknown;
    readonly __original?: unknown;
    readonly __unwrap?: unknown;
  };
  return __wrapped === true && typeof __original === 'function' && typeof __unwrap === 'function';
}
