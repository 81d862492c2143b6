import {
  detectResources,
  envDetector,
  hostDetector,
  processDetector,
  resourceFromAttributes,
  defaultResource,
  type Resource,
} from '@opentelemetry/resources';
import type { OtlpModuleOptions } from './otlp-options.js';

/**
 * What sends the data: the service's name as its logs have it, then what the process and the
 * environment say, then what the user wrote.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/resource/
 */
export function serviceResource(service: string, { resource }: OtlpModuleOptions): Resource {
  return defaultResource()
    .merge(detectResources({ detectors: [hostDetector, processDetector] }))
    .merge(resourceFromAttributes({ 'service.name': service }))
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ ...resource }));
}
