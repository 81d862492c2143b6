import { Registry, type Metric, type RegistryContentType } from 'prom-client';

/** A page of metrics, as a scraper asked for it. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** What prom-client keeps of a registry besides what its types say. */
interface LabelledRegistry {
  readonly _defaultLabels?: object;
}

/**
 * Writes a registry in the form that a scraper asks for: OpenMetrics, which has exemplars, or the
 * plain text that everybody reads.
 *
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export async function exposition(
  registry: Registry,
  accept: string | undefined,
): Promise<Exposition> {
  const contentType = acceptsOpenMetrics(accept)
    ? Registry.OPENMETRICS_CONTENT_TYPE
    : Registry.PROMETHEUS_CONTENT_TYPE;
  const view = viewOf(registry as Registry & LabelledRegistry, contentType);
  return { contentType, body: await view.metrics() };
}

/** Whether OpenMetrics is wanted at least as much as text. */
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
 * The same metrics in a registry of its own. A registry writes one form, and another scraper may
 * be reading the other at this moment; and prom-client renames a counter for OpenMetrics for good,
 * so it gets a stand-in.
 */
function viewOf(
  registry: Registry & LabelledRegistry,
  contentType: RegistryContentType,
): Registry<RegistryContentType> {
  const view = new Registry<RegistryContentType>();
  view.setContentType(contentType);
  if (registry._defaultLabels !== undefined) view.setDefaultLabels(registry._defaultLabels);
  for (const metric of registry.getMetricsAsArray()) {
    view.registerMetric(Object.create(metric as object) as Metric);
  }
  return view;
}
