export { clusterMetrics, type ClusterMetricsOptions } from './cluster-metrics.js';
export { TracingMetricsModule, type TracingMetricsOptions } from './tracing-metrics.module.js';
