export { OtlpModule } from './otlp.module.js';
export type { KeptTraces, OtlpModuleOptions, OtlpProtocol } from './otlp-options.js';
export {
  OtlpHealthIndicator,
  type OtlpHealth,
  type OtlpHealthOptions,
} from './otlp-health.indicator.js';
