import { hasSdk } from '../../options/sdk-detection.js';

/**
 * Whether a driver's function is wrapped by an instrumentation of an OpenTelemetry SDK that is
 * registered: the calls are its spans then. The properties are those that its wrappers have; they
 * are also on a wrapper of ours around one of those.
 *
 * @see https://github.com/open-telemetry/opentelemetry-js/blob/main/experimental/packages/opentelemetry-instrumentation/src/shimmer.ts
 */
export function isWrappedBySdk(method: unknown): boolean {
  if (!hasSdk()) return false;
  const { __wrapped: isWrapped } = Object(method) as { readonly __wrapped?: unknown };
  return isWrapped === true;
}
