import type { DynamicModule } from '@nestjs/common';
import { OtlpModule } from 'nestjs-tracing/otlp';
import { HOST, portOf } from './addresses.js';

/** Sends spans and log to the collector that the environment names, if it names one. */
export function collector(): DynamicModule[] {
  return process.env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? [] : [OtlpModule.forRoot()];
}

/** The same, or else to the gateway's trace viewer, with a short wait for it at shutdown. */
export function collectorOrViewer(): DynamicModule[] {
  const [configured] = collector();
  if (configured !== undefined) return [configured];
  const url = `http://${HOST}:${portOf('GATEWAY_PORT')}/_traces`;
  return [OtlpModule.forRoot({ url, shutdownTimeout: 500 })];
}
