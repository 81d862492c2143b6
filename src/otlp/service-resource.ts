import type { Resource } from '@opentelemetry/resources';
import { resources } from './open-telemetry.js';
import type { OtlpModuleOptions } from './otlp-options.js';

/**
 * The resource that describes this service. Later sources override earlier ones: host and process,
 * the environment, the service name as in the logs, the options.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/resource/
 */
export function serviceResource(service: string, { resource }: OtlpModuleOptions): Resource {
  const {
    defaultResource,
    detectResources,
    envDetector,
    hostDetector,
    processDetector,
    resourceFromAttributes,
  } = resources;
  return defaultResource()
    .merge(detectResources({ detectors: [hostDetector, processDetector] }))
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ 'service.name': service }))
    .merge(resourceFromAttributes({ ...resource }));
}
