import cluster from 'node:cluster';
import type { RequestListener } from 'node:http';
import type { Registry } from 'prom-client';
import { checkKeys } from '../options/check-value.js';
import { CLUSTER_METRICS } from '../options/option-places.js';
import { pathOf } from '../records/url-path.js';
import { checkMetricsPath } from './metrics-path.js';
import { promClient } from './prom-client.js';

/** Options of {@link clusterMetrics}. */
export interface ClusterMetricsOptions {
  /** The path that is answered; others get a 404. Default: `/metrics`. */
  path?: string | undefined;
}

/**
 * Makes a listener for an HTTP server in the primary of a cluster, which answers with the metrics of
 * all workers: counters, histograms and requests in progress are summed. The workers import
 * `TracingMetricsModule.forRoot({ cluster: true })`.
 *
 * It is made of prom-client's `AggregatorRegistry`, which drops exemplars: the answer is Prometheus'
 * text format. Where a worker does not answer within five seconds it is a 503.
 *
 * @publicApi
 *
 * @example
 * if (cluster.isPrimary) {
 *   for (const _ of os.cpus()) cluster.fork();
 *   createServer(clusterMetrics()).listen(9464);
 * }
 *
 * @see https://github.com/siimon/prom-client#usage-with-nodejss-cluster-module
 */
export function clusterMetrics(options: ClusterMetricsOptions = {}): RequestListener {
  checkKeys(CLUSTER_METRICS, options);
  const { path = '/metrics' } = options;
  checkMetricsPath(CLUSTER_METRICS.owner, path);
  const registry = new promClient.AggregatorRegistry();
  /** Scrapes at the same time get one answer: a worker is asked once. */
  let scrape: Promise<string> | undefined;
  return (request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || pathOf(request.url ?? '') !== path) {
      response.writeHead(404).end();
      return;
    }
    scrape ??= registry.clusterMetrics().finally(() => {
      scrape = undefined;
    });
    scrape.then(
      (body) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(body),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        response.writeHead(503, { 'Content-Type': 'text/plain' }).end(`${reason}\n`);
      },
    );
  };
}

const registries = new Set<Registry>();
/** Its constructor listens for the primary. */
let listening: object | undefined;

/** Lets the primary read a registry of this worker. In a process that is no worker it does nothing. */
export function answerPrimary(registry: Registry): void {
  if (!cluster.isWorker) return;
  registries.add(registry);
  const { AggregatorRegistry, register } = promClient;
  AggregatorRegistry.setRegistries([...new Set([register, ...registries])]);
  listening ??= new AggregatorRegistry();
}
