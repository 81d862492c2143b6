import { randomUUID } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { resources } from './open-telemetry.js';
import type { OtlpModuleOptions } from './otlp-options.js';

const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;

/** What is taken over of OpenTelemetry's default resource. */
const SDK_ATTRIBUTES = [
  'telemetry.sdk.language',
  'telemetry.sdk.name',
  'telemetry.sdk.version',
] as const;

/** Distinguishes the processes of a service, as the semantic conventions ask for. */
const INSTANCE_ID = randomUUID();

/**
 * The resource that describes this service. Each attribute is named here, since OpenTelemetry's
 * detectors also send the command line, the user and the id of the machine. What `resource` and
 * `OTEL_RESOURCE_ATTRIBUTES` say has priority.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/resource/
 */
export function serviceResource(service: string, { resource }: OtlpModuleOptions): Resource {
  const defaults = defaultResource().attributes;
  const own: Attributes = {
    'service.instance.id': INSTANCE_ID,
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  };
  for (const name of SDK_ATTRIBUTES) own[name] = defaults[name];
  return resourceFromAttributes(own)
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ 'service.name': service, ...resource }));
}
