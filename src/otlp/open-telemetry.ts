import { loadPackages } from '../options/load-packages.js';
import { versionSeenFrom } from '../records/package-version.js';
import { checkVersion } from '../records/supported-version.js';
import { EXPORTERS, LOADED_FROM, SHARED } from './load-open-telemetry.cjs';

/** The entry that needs the packages, as errors name it. */
export const ENTRY = 'nestjs-tracing/otlp';

/**
 * The versions to install. The packages of OpenTelemetry fit each other only within one release, and
 * the newest of them is not supported yet.
 */
export const VERSIONS = {
  '@opentelemetry/api': '~1.9',
  '@opentelemetry/core': '2',
  '@opentelemetry/resources': '2',
  '@opentelemetry/sdk-trace-base': '2',
  '@opentelemetry/sdk-logs': '0.223',
  '@opentelemetry/exporter-trace-otlp-proto': '0.223',
  '@opentelemetry/exporter-logs-otlp-proto': '0.223',
  '@opentelemetry/exporter-trace-otlp-http': '0.223',
  '@opentelemetry/exporter-logs-otlp-http': '0.223',
} as const;

/** The packages that every export needs, or a `TracingConfigError` that says how to install them. */
export const {
  '@opentelemetry/api': api,
  '@opentelemetry/core': core,
  '@opentelemetry/resources': resources,
} = loadPackages(ENTRY, SHARED, { also: EXPORTERS, versions: VERSIONS });

/**
 * Whether spans and log entries can be exported with the versions that are installed. Where they
 * cannot, there is one warning, and the application starts without the export.
 */
export function canExport(): boolean {
  return (['@opentelemetry/core', '@opentelemetry/resources'] as const).every((name) =>
    checkVersion(
      { package: name, range: '^2', without: 'spans and log entries are not exported' },
      versionSeenFrom(LOADED_FROM, name),
    ),
  );
}
