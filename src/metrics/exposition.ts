import type { Metric, Registry, RegistryContentType } from 'prom-client';
import { hasExemplars, promClient } from './prom-client.js';

/** The response to a scraper. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** A property of prom-client's registries that its types do not declare. */
interface LabelledRegistry {
  readonly _defaultLabels?: object;
}

/**
 * Writes a registry in the format that a scraper asks for: OpenMetrics, which has exemplars, or the
 * Prometheus text format, which all scrapers read.
 *
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export async function exposition(
  registry: Registry,
  accept: string | undefined,
): Promise<Exposition> {
  if (!hasExemplars) return { contentType: registry.contentType, body: await registry.metrics() };
  const { Registry } = promClient;
  const contentType = acceptsOpenMetrics(accept)
    ? Registry.OPENMETRICS_CONTENT_TYPE
    : Registry.PROMETHEUS_CONTENT_TYPE;
  const view = viewOf(registry as Registry & LabelledRegistry, contentType);
  return { contentType, body: await view.metrics() };
}

/** Whether an `Accept` header prefers OpenMetrics to plain text, or accepts both equally. */
function acceptsOpenMetrics(accept = ''): boolean {
  const weights = accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
  });
  const weightOf = (type: string): number =>
    Math.max(0, ...weights.filter((one) => one.type === type).map(({ weight }) => weight));
  const openMetrics = weightOf('application/openmetrics-text');
  return openMetrics > 0 && openMetrics >= weightOf('text/plain');
}

/**
 * A separate registry with the same metrics, for one response. A registry has one format, and a
 * concurrent scrape may ask for the other. Each metric is a derived object, because prom-client
 * renames counters permanently when it writes OpenMetrics.
 */
function viewOf(
  registry: Registry & LabelledRegistry,
  contentType: RegistryContentType,
): Registry<RegistryContentType> {
  const view = new promClient.Registry<RegistryContentType>();
  view.setContentType(contentType);
  if (registry._defaultLabels !== undefined) view.setDefaultLabels(registry._defaultLabels);
  for (const metric of registry.getMetricsAsArray()) {
    view.registerMetric(Object.create(metric as object) as Metric);
  }
  return view;
}
