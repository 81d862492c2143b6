import type { DynamicModule } from '@nestjs/common';
import { OtlpModule } from 'nestjs-tracing/otlp';

/** Sends spans and log to the collector that the environment names, if it names one. */
export function exporters(): DynamicModule[] {
  return process.env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? [] : [OtlpModule.forRoot()];
}
