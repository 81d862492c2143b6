export { TracingMetricsModule, type TracingMetricsOptions } from './tracing-metrics.module.js';
